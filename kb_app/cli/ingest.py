"""``ingest NAME PATH...``: files and folders into a base, one line per file as it ends."""

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from getpass import getpass
from itertools import count
from pathlib import Path, PurePosixPath

from ingestion.load import supported_extensions
from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record
from kb_app.cli.session import Session
from kb_app.models import OCR_CODES, Job, JobState
from kb_app.services.documents.intake import ARCHIVE_EXTENSION, WEB_PREFIXES, Upload, clean_document_name

#: What the output calls a job's end; a file whose job was cancelled was skipped.
_STATUS = {"cancelled": "skipped"}
_SUMMARY: tuple[JobState, ...] = ("ready", "unchanged", "replaced", "skipped", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file to add: where it is and the name its document gets."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFiles:
    """All files the given paths stand for, and how many in folders were left out."""

    files: tuple[FoundFile, ...]
    left_out: int


def register(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add("ingest", _ingest).option("name", help_key="name")
    command.option("paths", nargs="+", metavar="PATH", help_key="paths")
    command.option("--password", metavar="PASSWORD", help_key="password")
    command.option("--ocr", action="store_true", help_key="ocr")
    command.option("--tag", action="append", default=[], metavar="TAG", help_key="tag").json()


def _ingest(args: argparse.Namespace, console: Console) -> int:
    urls = [path for path in args.paths if path.startswith(WEB_PREFIXES)]
    found = expand([Path(path) for path in args.paths if path not in urls])
    password = getpass(console.text("cli.ingest.password")) if args.password == "-" else args.password
    with Session(args, console) as session:
        library = session.app.library
        base = library.find(args.name) or library.create(args.name)
        if base.paused:
            console.note("cli.ingest.paused", name=base.name)
        uploads = [Upload(name=file.name, data=file.path) for file in found.files]
        batch = library.add_files(base.id, uploads, password=password)
        for url in urls:
            library.add_page(base.id, url, batch)
        shown = _Shown(console, {file.name: str(file.path) for file in found.files})
        jobs = _follow(session, batch, shown, wants_ocr=args.ocr)
        ids = [job.document_id for job in jobs if job.document_id is not None]
        if args.tag and ids:
            session.app.tagging.change(base.id, ids, add=args.tag)
    states = Counter(job.state for job in jobs)
    if not args.json:
        _summary(states, found.left_out, console)
    return int(states["failed"] + states["cancelled"] > 0)


@dataclass(frozen=True, slots=True)
class _Shown:
    """Shows a job as it ends, under the path its file was given by."""

    console: Console
    paths: Mapping[str, str]

    def __call__(self, job: Job) -> None:
        _show(job, _path(job.name, self.paths), self.console)


def _follow(session: Session, batch: str, shown: _Shown, *, wants_ocr: bool) -> list[Job]:
    """Wait until every file is done, and read those once more, by OCR, that need and want it; return the jobs."""
    later: dict[str, Job] = {}

    def ended(job: Job) -> None:
        if wants_ocr and job.document_id is not None and _needs_ocr(session, job):
            later[job.document_id] = job
        else:
            shown(job)

    def progress(jobs: Sequence[Job]) -> None:
        _progress(jobs, shown.console)

    jobs = session.follow(batch, ended, progress)
    if not later:
        return jobs
    again = session.follow(session.app.library.retry(list(later), ocr=True), shown, progress)
    return [job for job in jobs if job.document_id not in later] + again


def _needs_ocr(session: Session, job: Job) -> bool:
    if job.error is not None:
        return job.error.code in OCR_CODES
    is_read = job.state in ("ready", "replaced") and job.document_id is not None
    return is_read and bool(session.app.library.document(str(job.document_id)).unreadable_pages)


def expand(paths: Sequence[Path]) -> FoundFiles:
    """Return the files behind ``paths``: folders with all they hold, sorted, without kinds that cannot be read.

    Hidden folders (``.git``) are left out, and so are the shadow files of macOS (``._name``); a document whose name
    happens to begin with a dot is not.

    A document is named by its path inside the folder that was given, a single file by its own name. Where two would
    get one name, and so replace each other, as many of the folders above as it takes are put in front. A file that is
    given twice is added once.
    """
    found: dict[tuple[str, ...], tuple[Path, int]] = {}
    left_out = 0
    for path in paths:
        if not path.is_dir():
            found.setdefault(_parts(path), (path, 1))
            continue
        for entry in _walk(path):
            if entry.suffix.lower() in (*supported_extensions(), ARCHIVE_EXTENSION):
                found.setdefault(_parts(entry), (entry, len(entry.relative_to(path).parts)))
            else:
                left_out += 1
    names = _names({parts: depth for parts, (_, depth) in found.items()})
    files = tuple(FoundFile(path=path, name=names[parts]) for parts, (path, _) in found.items())
    return FoundFiles(files=files, left_out=left_out)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("._"):
                yield Path(parent, name)


def _parts(path: Path) -> tuple[str, ...]:
    absolute = Path(os.path.abspath(path))  # without ``..``, and with symbolic links as the user named them
    return absolute.parts[1:]


def _names(depths: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], str]:
    """Return a name of its own for every path; ``depths`` says how many of its last parts a name has at least."""
    depths = dict(depths)
    whole = {parts: _name(parts, len(parts)) for parts in depths}
    while True:
        names = {parts: _name(parts, depth) for parts, depth in depths.items()}
        # Two spellings of one path count as one: no folder would tell them apart.
        counts = Counter(name for name, _ in {(names[parts], whole[parts]) for parts in depths})
        clashing = [parts for parts, name in names.items() if counts[name] > 1 and depths[parts] < len(parts)]
        if not clashing:
            return _numbered(names)
        depths |= {parts: depths[parts] + 1 for parts in clashing}


def _name(parts: tuple[str, ...], depth: int) -> str:
    return clean_document_name("/".join(parts[-depth:]))


def _numbered(names: Mapping[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """Number what no folder tells apart, such as two spellings of one name in Unicode."""
    taken: set[str] = set()
    distinct = {}
    for parts, name in names.items():
        path = PurePosixPath(name)
        tries = (f"{path.with_suffix('')} ({number}){path.suffix}" for number in count(2))
        distinct[parts] = name if name not in taken else next(one for one in tries if one not in taken)
        taken.add(distinct[parts])
    return distinct


def _path(name: str, paths: Mapping[str, str]) -> str:
    """Return where a document of this name comes from: a file, or ``ARCHIVE/member`` inside a ZIP."""
    if name in paths:
        return paths[name]
    archive = next((known for known in paths if name.startswith(f"{known}/")), None)
    # Without one: the name was too long and had to be cut.
    return name if archive is None else f"{paths[archive]}{name.removeprefix(archive)}"


def _show(job: Job, path: str, console: Console) -> None:
    if console.as_json:
        console.record(_record(job, path, console))
        return
    parts = [f"{console.text(f'cli.status.{job.state}')}  {job.name}"]
    if job.error is not None:
        parts.append(console.sentences(job.error))
    elif job.page_count:
        parts.append(console.text("cli.ingest.pages", pages=job.page_count, chunks=job.chunk_count))
    elif job.chunk_count:
        parts.append(console.text("cli.ingest.chunks", chunks=job.chunk_count))
    console.line("  ".join(parts))


def _record(job: Job, path: str, console: Console) -> Record:
    return {
        "path": path,
        "status": _STATUS.get(job.state, job.state),
        "document_id": job.document_id,
        "pages": job.page_count,
        "chunks": job.chunk_count,
        "chars": job.char_count,
        "seconds": round(job.elapsed_s, 3),
        "error": console.error_record(job.error),
    }


def _progress(jobs: Sequence[Job], console: Console) -> None:
    done = sum(not job.is_active for job in jobs)
    running = next((job for job in jobs if job.state == "running"), None)
    name = running.name if running else ""
    console.progress(console.text("cli.ingest.progress", done=done, total=len(jobs), name=name))


def _summary(states: Counter[JobState], left_out: int, console: Console) -> None:
    parts = [f"{console.text(f'cli.status.{state}')} {states[state]}" for state in _SUMMARY if states[state]]
    if left_out:
        parts.append(console.text("cli.ingest.left_out", count=left_out))
    console.line(" · ".join(parts) or console.text("cli.ingest.nothing"))
