"""``kb list | create | delete | reindex``."""

import argparse

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record
from kb_app.cli.errors import ConfirmationError
from kb_app.cli.session import Session
from kb_app.models import Job, KnowledgeBase


def register(commands: Commands) -> None:
    """Declare the commands."""
    group = commands.group("kb")
    group.add("list", _list, help_key="kb_list").json()
    create = group.add("create", _create, help_key="kb_create").option("name", help_key="name")
    create.option("--embedder", help_key="embedder", default="builtin", metavar="ID").json()
    delete = group.add("delete", _delete, help_key="kb_delete").option("name", help_key="name")
    delete.option("--yes", help_key="yes", action="store_true").json()
    reindex = group.add("reindex", _reindex, help_key="kb_reindex").option("name", help_key="name")
    group.add("pause", _pause, help_key="kb_pause").option("name", help_key="name").json()
    group.add("resume", _resume, help_key="kb_resume").option("name", help_key="name").json()
    reindex.option("--embedder", help_key="embedder", metavar="ID").json()


def _record(base: KnowledgeBase) -> Record:
    return {
        "name": base.name,
        "id": base.id,
        "description": base.description,
        "embedder": base.embedder,
        "documents": base.document_count,
        "chunks": base.chunk_count,
        "created_at": base.created_at,
    }


def _list(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        bases = session.app.library.bases()
    if args.json:
        for base in bases:
            console.record(_record(base))
    elif not bases:
        console.line(console.text("cli.kb.none"))
    else:
        heads = [console.text(f"cli.kb.{head}") for head in ("name", "documents", "chunks", "embedder")]
        rows = [[base.name, str(base.document_count), str(base.chunk_count), base.embedder] for base in bases]
        console.table([heads, *rows])
    return 0


def _create(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.app.library.create(args.name, embedder=args.embedder)
    if args.json:
        console.record(_record(base))
    else:
        console.line(console.text("cli.kb.created", name=base.name))
    return 0


def _delete(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.base(args.name)
        if not args.yes:
            raise ConfirmationError(args.name, name=base.name, documents=base.document_count)
        session.app.library.delete(base.id)
    if args.json:
        console.record(_record(base))
    else:
        console.line(console.text("cli.kb.deleted", name=base.name))
    return 0


def _pause(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.base(args.name)
        session.app.jobs.pause(base.id)
        return _told(session.app.library.base(base.id), args, console)


def _resume(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.base(args.name)
        session.app.jobs.resume(base.id)
        return _told(session.app.library.base(base.id), args, console)


def _told(base: KnowledgeBase, args: argparse.Namespace, console: Console) -> int:
    if args.json:
        console.record({**_record(base), "paused": base.paused})
    else:
        console.line(console.text("cli.kb.pause" if base.paused else "cli.kb.resume", name=base.name))
    return 0


def _reindex(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.base(args.name)
        batch = session.app.library.reindex(base.id, embedder=args.embedder)
        (job,) = session.follow(
            batch,
            lambda _job: None,
            lambda jobs: console.progress(console.text("cli.kb.reindexing", done=jobs[0].done, total=jobs[0].total)),
        )
        base = session.app.library.base(base.id)
    if args.json:
        console.record({**_record(base), "status": job.state, "error": console.error_record(job.error)})
    else:
        console.line(_outcome(job, base, console))
    return int(job.state != "ready")


def _outcome(job: Job, base: KnowledgeBase, console: Console) -> str:
    if job.error is not None:
        return console.sentences(job.error)
    if job.state != "ready":
        return console.text(f"cli.status.{job.state}")
    return console.text("cli.kb.reindexed", name=base.name, chunks=base.chunk_count)
