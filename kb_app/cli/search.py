"""``search NAME QUERY`` and ``search NAME --queries FILE``."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from kb_app.cli.commands import Commands, at_least_one
from kb_app.cli.console import Console, Record, clip
from kb_app.cli.errors import QueriesFileError
from kb_app.cli.session import Session
from kb_app.models import Hit, Retrieval


def register(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add("search", _search).option("name", help_key="name")
    command.option("query", nargs="?", help_key="query")
    command.option("--queries", type=Path, metavar="FILE", help_key="queries")
    command.option("-k", dest="top_k", type=at_least_one, default=10, metavar="N", help_key="top_k").json()


def _search(args: argparse.Namespace, console: Console) -> int:
    if (args.query is None) == (args.queries is None):
        console.note("cli.search.usage")
        return 2
    queries = [("", args.query)] if args.queries is None else list(read_queries(args.queries))
    with Session(args, console) as session:
        base = session.base(args.name)
        for query_id, query in queries:
            retrieval = session.app.retriever.retrieve(query, [base.id], top_k=args.top_k)
            if args.json:
                named = {} if args.queries is None else {"id": query_id}
                console.record({**named, **_record(retrieval)})
            else:
                _show(retrieval, console)
    return 0


def read_queries(path: Path) -> Iterator[tuple[str | int, str]]:
    """Yield (id, query) of each line of a file of JSON objects ``{"id", "query"}``.

    Raises:
        QueriesFileError: the file cannot be read, or a line is something else; ``params["problem"]`` names it.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # JSON may hold U+2028 and U+0085 as they are
    except (OSError, UnicodeDecodeError) as error:
        raise QueriesFileError(str(error), file=str(path), problem=str(error)) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            yield entry["id"], str(entry["query"])
        except (ValueError, TypeError, KeyError) as error:
            problem = f"{path.name}:{number}: {error}"
            raise QueriesFileError(problem, file=str(path), problem=problem) from error


def _record(retrieval: Retrieval) -> Record:
    return {
        "query": retrieval.query,
        "seconds": round(retrieval.elapsed_s, 4),
        "hits": [_hit(rank, hit) for rank, hit in enumerate(retrieval.hits, start=1)],
    }


def _hit(rank: int, hit: Hit) -> Record:
    return {
        "rank": rank,
        "score": round(hit.score, 4),
        "document": hit.chunk.document_name,
        "document_id": hit.chunk.document_id,
        "chunk_id": hit.chunk.id,
        "page": hit.chunk.page,
        "heading": list(hit.chunk.heading),
        "text": hit.chunk.text,
    }


def _show(retrieval: Retrieval, console: Console) -> None:
    if not retrieval.hits:
        console.line(console.text("cli.search.none", query=retrieval.query))
    for rank, hit in enumerate(retrieval.hits, start=1):
        place = place_text(hit.chunk.document_name, hit.chunk.page, hit.chunk.heading, console)
        console.line(f"{rank:2}. {hit.score:.2f}  {place}")
        console.line(f"          {clip(hit.chunk.text, 110)}")


def place_text(document: str, page: int | None, heading: tuple[str, ...], console: Console) -> str:
    """Return where a passage stands: document, page, headings."""
    parts = [document]
    if page is not None:
        parts.append(console.text("cli.page", page=page))
    if heading:
        parts.append(" > ".join(heading))
    return " · ".join(parts)
