"""Time and memory of the whole way into a base, at 1, 4 and 16 times a corpus of distinct content.

    python benchmarks/ingestion/curve.py FOLDER [--times 1 4 16]

Copies of files would be skipped as unchanged, and nearly equal ones are no corpus. So every further copy is the text
of the files with each Chinese character and each English word exchanged for another of the corpus, by a permutation of
its own: as long, as structured and as varied as the original, and different. PDFs are there as their text. Each size
is ingested by a process of its own, with the built-in embedder, until the last vector is in Chroma.
"""

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import source_tree  # noqa: F401 - before our own packages

from ingestion.errors import IngestionError
from ingestion.load import supported_extensions
from ingestion.pipeline import prepare_limited

_SEED = 20261122
_WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]")
_PARTS = re.compile(f"({_WORD.pattern})")


def texts(folder: Path) -> dict[str, str]:
    """Return name -> text of every file that can be read."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in supported_extensions():
            try:
                document = prepare_limited(path.read_bytes(), path.name).document
            except IngestionError:
                continue
            name = str(path.relative_to(folder))
            found[name if document.media_type == "text/markdown" else f"{name}.txt"] = document.text
    return found


def copies(originals: dict[str, str], times: int) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of ``times`` distinct corpora; the first is the original."""
    words = sorted({word for text in originals.values() for word in _WORD.findall(text)})
    han = [word for word in words if word > "\u4dff"]
    latin = [word for word in words if word < "\u4e00"]
    for copy in range(times):
        exchanged: dict[str, str] = {}
        if copy:
            rng = random.Random(_SEED + copy)
            for group in (han, latin):
                exchanged |= zip(group, rng.sample(group, len(group)), strict=True)
        for name, text in originals.items():
            yield f"{copy}/{name}", "".join(exchanged.get(part, part) for part in _PARTS.split(text))


def ingest(corpus: Path) -> dict[str, Any]:
    """Ingest a folder of texts in this process and return what it took."""
    import chromadb  # noqa: F401 - importing it is not what is measured

    from ingestion.pool import POOL
    from kb_app.app import build_app
    from kb_app.services.documents.intake import Upload
    from kb_app.settings import load_settings

    files = [path for path in sorted(corpus.rglob("*")) if path.is_file()]
    with tempfile.TemporaryDirectory(prefix="kb-curve-") as folder:
        with build_app(load_settings(Path(folder)), owner=True) as app:
            base = app.library.create("b")
            cpu, wall = cpu_s(), time.perf_counter()
            uploads = [Upload(name=str(one.relative_to(corpus)), data=one) for one in files]
            app.jobs.wait(app.library.add_files(base.id, uploads))
            while not app._indexes.vectors_ready:
                time.sleep(0.05)
            wall_s = time.perf_counter() - wall
            chunks = app.library.base(base.id).chunk_count
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    POOL.close()  # the CPU time of its workers counts when they have ended
    return {
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "chunks": chunks,
        "wall_s": wall_s,
        "cpu_s": cpu_s() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_mb": size / 1e6,
    }


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(ingest(arguments.folder)))
        return
    originals = texts(arguments.folder)
    print("| | files | MB | chunks | wall s | CPU s | CPU ms a chunk | peak MB | disk MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for times in arguments.times:
        with tempfile.TemporaryDirectory(prefix="kb-corpus-") as folder:
            for name, text in copies(originals, times):
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, __file__, folder, "--measure"], capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise SystemExit(done.stderr)
        row = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {times} x | {row['files']} | {row['bytes'] / 1e6:.1f} | {row['chunks']} | {row['wall_s']:.1f} |"
            f" {row['cpu_s']:.1f} | {1000 * row['cpu_s'] / row['chunks']:.2f} | {row['peak_mb']:.0f} |"
            f" {row['disk_mb']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
