"""Time and memory of a folder: ``python benchmarks/ingestion/reading_speed.py FOLDER [--workers 2] [--times 1 4]``.

Every file goes through ``prepare_limited``, as the app does it. ``--times`` repeats the corpus to show the curve.
"""

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import source_tree  # noqa: F401 - before our own packages

from ingestion.errors import IngestionError
from ingestion.load import supported_extensions
from ingestion.pipeline import prepare_limited


def read(path: Path) -> tuple[int, int, int]:
    """Return (bytes, pages, chunks) of one file; a refused one has no pages."""
    data = path.read_bytes()
    try:
        prepared = prepare_limited(data, path.name)
    except IngestionError:
        return len(data), 0, 0
    return len(data), len(prepared.loaded.pages), len(prepared.chunks)


def child_cpu_s() -> float:
    """Return the CPU seconds of ended workers."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print one line per size of corpus."""
    from ingestion.pool import POOL

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4])
    arguments = parser.parse_args()
    paths = [p for p in sorted(arguments.folder.rglob("*")) if p.suffix.lower() in supported_extensions()]
    for times in arguments.times:
        started, cpu_s = time.perf_counter(), child_cpu_s()
        with ThreadPoolExecutor(arguments.workers) as threads:
            rows = list(threads.map(read, paths * times))
        wall_s = time.perf_counter() - started
        POOL.close()
        byte_count, pages, chunks = (sum(column) for column in zip(*rows, strict=True))
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"{times} x: {len(rows)} files, {byte_count / 1e6:.1f} MB, {pages} pages, {chunks} chunks in {wall_s:.1f} s"
            f" ({child_cpu_s() - cpu_s:.1f} s of worker CPU): {pages / wall_s:.0f} pages/s,"
            f" {byte_count / 1e6 / wall_s:.1f} MB/s; peak {own:.0f} MB here, {child:.0f} MB in a worker"
        )


if __name__ == "__main__":
    main()
