"""``conversations list``, ``conversations export`` and ``conversations import``."""

import argparse
from pathlib import Path

from kb_app.cli.commands import Commands, at_least_one
from kb_app.cli.console import Console, Record
from kb_app.cli.errors import ConversationsFileError
from kb_app.cli.session import Session
from kb_app.models import Conversation, ConversationFilter
from kb_app.services.conversations.history import EVERYDAY

_LIMIT = 50


def register(commands: Commands) -> None:
    """Declare the commands."""
    group = commands.group("conversations")
    listing = group.add("list", _list, help_key="conversations_list")
    listing.option("--query", default="", metavar="TEXT", help_key="conversations_query")
    listing.option("--all", action="store_true", help_key="conversations_all")
    listing.option("--limit", type=at_least_one, default=_LIMIT, metavar="N", help_key="conversations_limit").json()
    export = group.add("export", _export, help_key="conversations_export")
    export.option("ids", nargs="*", metavar="ID", help_key="conversation_ids")
    export.option(
        "--format", choices=("json", "markdown", "html"), default="json", help_key="conversations_format"
    ).option("--out", type=Path, required=True, metavar="FILE", help_key="conversations_out").json()
    taking = group.add("import", _import, help_key="conversations_import")
    taking.option("file", type=Path, metavar="FILE", help_key="conversations_file").json()


def _list(args: argparse.Namespace, console: Console) -> int:
    where = ConversationFilter() if args.all else EVERYDAY
    with Session(args, console) as session:
        history = session.app.history
        if args.query:
            found = [hit.conversation for hit in history.search(args.query, args.limit, where)]
        else:
            found = history.conversations(args.limit, where=where)
    if args.json:
        for conversation in found:
            console.record(_record(conversation))
    elif not found:
        console.line(console.text("cli.conversations.none"))
    else:
        console.table([one.id, one.updated_at[:16].replace("T", " "), one.title] for one in found)
    return 0


def _record(conversation: Conversation) -> Record:
    return {
        "conversation": conversation.id,
        "title": conversation.title,
        "tags": list(conversation.tags),
        "pinned": conversation.pinned,
        "origin": conversation.origin,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }


def _export(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        exporter = session.app.exporter
        file = exporter.export(args.ids or exporter.all_ids(), args.format, console.language)
    try:
        args.out.write_bytes(file.data)
    except OSError as error:
        raise ConversationsFileError(str(error), file=str(args.out), problem=error.strerror or "") from error
    if args.json:
        console.record({"file": str(args.out), "bytes": len(file.data), "media_type": file.media_type})
    else:
        console.line(console.text("cli.conversations.exported", file=str(args.out)))
    return 0


def _import(args: argparse.Namespace, console: Console) -> int:
    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise ConversationsFileError(str(error), file=str(args.file), problem=error.strerror or "") from error
    with Session(args, console) as session:
        progress = session.app.importer.run(data)
    counts = {"added": progress.added, "updated": progress.updated, "unchanged": progress.unchanged}
    if args.json:
        console.record(counts)
    else:
        console.line(console.text("ui.history.imported", **counts))
    return 0
