"""Kill the app (``kill -9``) at random moments of ingestion, start it again, and compare with an undisturbed run.

    python benchmarks/ingestion/kill.py FOLDER [--files 200] [--kills 50]

Every round has a data folder of its own: the files of FOLDER are queued, the process is killed at a random moment of
the work, a second process opens the folder and does nothing but wait. Then documents, passages, vectors, the keyword
index and Chroma are compared with those of the undisturbed run, document by document (ids are random, names are not).
"""

import argparse
import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import source_tree  # noqa: F401 - before our own packages

from ingestion.load import supported_extensions

_SEED = 20261122
_GIVE_UP_S = 1800
_LATER_S = 1.0
_BASE = "killed"


def files_of(folder: Path, count: int) -> list[Path]:
    """Return up to ``count`` files that the app can read, in order."""
    files = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in supported_extensions()
    ]
    return files[:count]


def ingest(data_dir: Path, folder: Path, count: int) -> None:
    """Queue the files where there are none yet, wait until all is done, and write down what is there then."""
    from kb_app.app import build_app
    from kb_app.services.documents.intake import Upload
    from kb_app.settings import load_settings

    with build_app(load_settings(data_dir), owner=True) as app:
        base = app.library.find(_BASE)
        if base is None:
            base = app.library.create(_BASE)
            uploads = [Upload(name=str(path.relative_to(folder)), data=path) for path in files_of(folder, count)]
            app.library.add_files(base.id, uploads)
            print("queued", flush=True)
        deadline = time.monotonic() + _GIVE_UP_S
        while app.jobs.active() or not app._indexes.vectors_ready:
            if time.monotonic() > deadline:
                raise SystemExit("ingestion does not end")
            time.sleep(0.05)
        (data_dir / "state.json").write_text(json.dumps(state(app, base.id)), encoding="utf-8")


def state(app: Any, base_id: str) -> dict[str, Any]:
    """Return everything that must not depend on a kill, under names instead of ids."""
    documents = app.library.documents(base_id)
    names = {document.id: document.name for document in documents}

    def named(chunk_id: str) -> str:
        document_id, _, index = chunk_id.rpartition(":")
        return f"{names.get(document_id, f'unknown {document_id}')}:{index}"

    facts, chunks = {}, {}
    for one in documents:
        error = one.error.code if one.error else None
        facts[one.name] = [
            one.status,
            one.sha256,
            one.chunk_count,
            one.char_count,
            one.title,
            error,
            list(one.warnings),
        ]
        if one.status == "ready":
            facts[one.name].append(_digest(app.library.text(one.id).text.encode()))
            for chunk in app.library.chunks(one.id):
                place = [chunk.start, chunk.end, chunk.page, list(chunk.heading)]
                chunks[named(chunk.id)] = [_digest(chunk.text.encode()), _digest(chunk.search_text.encode()), *place]
    vectors = {
        named(chunk_id): _digest(vector.tobytes())
        for part in app.library._chunks.iter_vectors(base_id)
        for chunk_id, vector in zip(part.ids, part.vectors, strict=True)
    }
    return {
        "documents": facts,
        "chunks": chunks,
        "vectors": vectors,
        "keyword index": sorted(map(named, app._indexes.keyword.ids(base_id))),
        "Chroma": chroma_vectors(app, base_id, named),
        "originals": sorted(path.name for path in (app.settings.data_dir / "originals").rglob("*") if path.is_file()),
    }


def chroma_vectors(app: Any, base_id: str, named: Any) -> dict[str, str]:
    """Return name -> digest of every vector in Chroma, rounded: it keeps unit vectors of its own making."""
    import numpy as np

    collection = app._indexes._chroma._collection(base_id)
    found: dict[str, str] = {}
    while collection is not None:
        page = collection.get(include=["embeddings"], limit=5000, offset=len(found))
        for chunk_id, vector in zip(page["ids"], page["embeddings"], strict=True):
            rounded = np.round(np.asarray(vector, dtype=np.float32), 4) + 0.0
            found[named(chunk_id)] = _digest(rounded.tobytes())
        if len(page["ids"]) < 5000:
            break
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def run(data_dir: Path, arguments: argparse.Namespace, kill_at: float | None = None) -> float:
    """Run one process on a data folder to its end, or kill it at a share of the work; return its seconds."""
    command = [sys.executable, __file__, str(arguments.folder), "--files", str(arguments.files), "--in", str(data_dir)]
    is_first = not (data_dir / "kb.sqlite3").exists()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if is_first and process.stdout.readline() != "queued\n":
            raise SystemExit("the files could not be queued")
        started = time.monotonic()
        if kill_at is not None:
            wait_for_share(data_dir, kill_at, process)
            process.kill()
        elif process.wait(_GIVE_UP_S):
            raise SystemExit(f"the app ended with {process.returncode}")
        return time.monotonic() - started


def wait_for_share(data_dir: Path, share: float, process: subprocess.Popen[str]) -> None:
    """Wait until this share of the files is done, and then a moment: files end in groups."""
    query = "SELECT count(*) FILTER (WHERE state NOT IN ('queued', 'running')), count(*) FROM jobs"
    with closing(sqlite3.connect(f"file:{data_dir / 'kb.sqlite3'}?mode=ro", uri=True, timeout=10)) as database:
        while process.poll() is None:
            done, total = database.execute(query).fetchone()
            if done >= share * total:
                break
            time.sleep(0.005)
    time.sleep(random.uniform(0.0, _LATER_S))


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what is not as it should be, one line a part."""
    lines = []
    for part, truth in wanted.items():
        if found[part] != truth:
            one, other = (dict.fromkeys(x) if isinstance(x, list) else x for x in (truth, found[part]))
            keys = [key for key in {*one, *other} if one.get(key, "absent") != other.get(key, "absent")]
            lines.append(f"{part}: {len(keys)} differ, such as {keys[:3]}")
    return lines


def main() -> None:
    """Print a line per kill and how many ended differently."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--in", dest="data_dir", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.data_dir is not None:
        ingest(arguments.data_dir, arguments.folder, arguments.files)
        return
    scratch = Path(tempfile.mkdtemp(prefix="kb-kill-"))
    try:
        calm = scratch / "calm"
        calm.mkdir()
        whole_s = run(calm, arguments)
        wanted = json.loads((calm / "state.json").read_text(encoding="utf-8"))
        print(f"undisturbed: {len(wanted['documents'])} documents, {len(wanted['chunks'])} passages, {whole_s:.1f} s")
        rng, wrong = random.Random(arguments.seed), 0
        for number in range(1, arguments.kills + 1):
            folder = scratch / f"kill-{number}"
            folder.mkdir()
            share = rng.random()
            killed_s = run(folder, arguments, share)
            restart_s = run(folder, arguments)
            problems = differences(wanted, json.loads((folder / "state.json").read_text(encoding="utf-8")))
            wrong += bool(problems)
            outcome = "; ".join(problems) or "equal"
            print(
                f"{number:3}: killed after {share:4.0%} of the files ({killed_s:.1f} s),"
                f" done {restart_s:.1f} s after the restart: {outcome}",
                flush=True,
            )
            shutil.rmtree(folder)
        print(f"{wrong} of {arguments.kills} ended differently")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
