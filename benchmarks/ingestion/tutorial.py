"""Compare with the usual tutorial pipeline: loader, RecursiveCharacterTextSplitter 500/50, Chroma.from_documents.

    python benchmarks/ingestion/tutorial.py PATH... [--rounds 3] [--tutorial-python OTHER_ENV/bin/python]

Both sides get the same PDF, Markdown and text files and the same built-in embedder, and end with vectors in a Chroma
folder of their own; ours ends with a database, a keyword index, offsets, headings and an original of every file as
well. Every run is a process of its own; they take turns, and the median counts. The tutorial's side needs
langchain-community, langchain-text-splitters and langchain-chroma beside this project's packages: the product does not,
so they may be installed in another environment.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import source_tree  # noqa: F401 - before our own packages

_KINDS = (".pdf", ".md", ".txt")
_CHUNK_CHARS, _OVERLAP_CHARS = 500, 50


def files_of(path: Path) -> list[Path]:
    """Return the files that both sides can read."""
    paths = [path] if path.is_file() else sorted(path.rglob("*"))
    return [one for one in paths if one.is_file() and one.suffix.lower() in _KINDS]


def tutorial(files: list[Path], folder: Path) -> dict[str, int]:
    """Do what the tutorials do; a file that its loader refuses is left out."""
    warnings.simplefilter("ignore")
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import PyPDFLoader, TextLoader
    from langchain_core.embeddings import Embeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from ingestion.embed import HashedEmbedder

    class SameEmbedder(Embeddings):
        inner = HashedEmbedder()

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return self.inner.embed_documents(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return self.inner.embed_query(text).tolist()

    documents, refused = [], 0
    for path in files:
        loader = PyPDFLoader(str(path)) if path.suffix == ".pdf" else TextLoader(str(path), autodetect_encoding=True)
        try:
            documents += loader.load()
        except Exception:  # noqa: BLE001 - whatever the loader raises, the tutorials go on without the file
            refused += 1
    splitter = RecursiveCharacterTextSplitter(chunk_size=_CHUNK_CHARS, chunk_overlap=_OVERLAP_CHARS)
    chunks = splitter.split_documents(documents)
    Chroma.from_documents(chunks, SameEmbedder(), persist_directory=str(folder))
    return {"chunks": len(chunks), "refused": refused}


def ours(files: list[Path], folder: Path) -> dict[str, int]:
    """Ingest the files as the app does it."""
    from kb_app.app import build_app
    from kb_app.services.documents.intake import Upload
    from kb_app.settings import load_settings

    with build_app(load_settings(folder), owner=True) as app:
        base = app.library.create("b")
        batch = app.library.add_files(base.id, [Upload(name=str(path), data=path) for path in files])
        app.jobs.wait(batch)
        while not app._indexes.vectors_ready:
            time.sleep(0.02)
        documents = app.library.documents(base.id)
        refused = sum(one.status != "ready" for one in documents)
        return {"chunks": sum(one.chunk_count for one in documents), "refused": refused}


def measure(side: str, path: Path) -> dict[str, Any]:
    """Run one side in this process and return what it took; importing libraries is not counted, for either side."""
    if side == "tutorial":
        import langchain_chroma  # noqa: F401
        import langchain_community.document_loaders  # noqa: F401
        import langchain_text_splitters  # noqa: F401
    else:
        import chromadb  # noqa: F401

        import kb_app.app  # noqa: F401
    files = files_of(path)
    with tempfile.TemporaryDirectory(prefix="kb-tutorial-") as folder:
        cpu, wall = cpu_s(), time.perf_counter()
        counts = (tutorial if side == "tutorial" else ours)(files, Path(folder))
        wall_s, used_s = time.perf_counter() - wall, cpu_s() - cpu
    if side != "tutorial":
        from ingestion.pool import POOL

        POOL.close()  # the CPU time of its workers counts when they have ended
        used_s = cpu_s() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {**counts, "wall_s": wall_s, "cpu_s": used_s, "peak_mb": peak, "worker_mb": worker}


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def page_count(files: list[Path]) -> int:
    """Return the number of PDF pages; a file without pages counts as one."""
    import pypdfium2

    total = 0
    for path in files:
        try:
            total += len(pypdfium2.PdfDocument(path)) if path.suffix == ".pdf" else 1
        except pypdfium2.PdfiumError:
            total += 1
    return total


def compare(path: Path, rounds: int, pythons: dict[str, str]) -> None:
    """Print a table for one corpus."""
    files = files_of(path)
    megabytes, pages = sum(one.stat().st_size for one in files) / 1e6, page_count(files)
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in pythons}
    for _ in range(rounds):
        for side, python in pythons.items():
            command = [python, __file__, str(path), "--side", side]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(done.stderr)
            runs[side].append(json.loads(done.stdout.splitlines()[-1]))
    print(f"\n{path.name}: {len(files)} files, {pages} pages, {megabytes:.1f} MB; median of {rounds}")
    print("| | wall s | CPU s | pages/s | MB/s | chunks | refused | peak MB (largest worker) |")
    print("|---|---|---|---|---|---|---|---|")
    walls = {}
    for side, rows in runs.items():
        walls[side] = wall = statistics.median(row["wall_s"] for row in rows)
        cpu = statistics.median(row["cpu_s"] for row in rows)
        peak, worker = max(row["peak_mb"] for row in rows), max(row["worker_mb"] for row in rows)
        print(
            f"| {side} | {wall:.1f} | {cpu:.1f} | {pages / wall:.0f} | {megabytes / wall:.2f} | {rows[0]['chunks']} |"
            f" {rows[0]['refused']} | {peak:.0f} ({worker:.0f}) |"
        )
    print(f"ratio of the walls: {walls['tutorial'] / walls['ours']:.2f}", flush=True)


def main() -> None:
    """Print one table per path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tutorial-python", default=sys.executable)
    parser.add_argument("--side", choices=("tutorial", "ours"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.paths[0])))
        return
    for path in arguments.paths:
        compare(path, arguments.rounds, {"tutorial": arguments.tutorial_python, "ours": sys.executable})


if __name__ == "__main__":
    main()
