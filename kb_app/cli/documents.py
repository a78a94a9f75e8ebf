"""``documents NAME`` and ``remove NAME DOCUMENT_ID...``."""

import argparse

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record
from kb_app.cli.errors import UnknownDocumentError
from kb_app.cli.session import Session
from kb_app.messages import error_text
from kb_app.models import DocumentRecord, SummaryCard


def register(commands: Commands) -> None:
    """Declare the commands."""
    commands.add("documents", _documents).option("name", help_key="name").json()
    remove = commands.add("remove", _remove).option("name", help_key="name")
    remove.option("document_ids", nargs="+", metavar="DOCUMENT_ID", help_key="document_ids").json()


def _record(document: DocumentRecord, card: SummaryCard | None, console: Console) -> Record:
    return {
        "document": document.name,
        "document_id": document.id,
        "status": document.status,
        "pages": document.page_count,
        "chunks": document.chunk_count,
        "chars": document.char_count,
        "bytes": document.byte_count,
        "tags": list(document.tags),
        "summary": None if card is None else card.text,
        "added_at": document.created_at,
        "error": console.error_record(document.error),
    }


def _documents(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base_id = session.base(args.name).id
        documents, cards = session.app.library.documents(base_id), session.app.summaries.of_base(base_id)
    if args.json:
        for document in documents:
            console.record(_record(document, cards.get(document.id), console))
    elif not documents:
        console.line(console.text("cli.documents.none"))
    else:
        console.table(_row(document, console) for document in documents)
    return 0


def _row(document: DocumentRecord, console: Console) -> list[str]:
    if document.error is not None:
        detail = error_text(console.language, document.error).message
    elif document.page_count:
        detail = console.text("cli.ingest.pages", pages=document.page_count, chunks=document.chunk_count)
    else:
        detail = console.text("cli.ingest.chunks", chunks=document.chunk_count)
    return [document.id, document.name, console.text(f"cli.status.{document.status}"), detail]


def _remove(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.base(args.name)
        documents = {document.id: document for document in session.app.library.documents(base.id)}
        for document_id in args.document_ids:
            if document_id not in documents:
                raise UnknownDocumentError(document_id, document_id=document_id, name=base.name)
        session.app.library.remove(base.id, args.document_ids)
    for document_id in dict.fromkeys(args.document_ids):
        if args.json:
            console.record({"document": documents[document_id].name, "document_id": document_id, "status": "removed"})
        else:
            console.line(console.text("cli.documents.removed", name=documents[document_id].name))
    return 0
