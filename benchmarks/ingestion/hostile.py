"""Read every file of a folder of hostile PDFs: ``python benchmarks/ingestion/hostile.py FOLDER``.

Prints verdict, wall seconds and the worker's peak memory. A fresh worker per file, so that peaks are its own.
"""

import argparse
import resource
import time
from pathlib import Path

import source_tree  # noqa: F401 - before our own packages

from ingestion.errors import IngestionError
from ingestion.pipeline import prepare_limited
from ingestion.pool import POOL

_MAX_SECONDS = 10.0
_MAX_MEGABYTES = 1500.0


def main() -> None:
    """Print one line per file and how many broke a bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    broken = 0
    for path in sorted(parser.parse_args().folder.iterdir()):
        started = time.perf_counter()
        try:
            prepared = prepare_limited(path.read_bytes(), path.name)
            verdict = f"ok, {len(prepared.loaded.pages)} pages, {prepared.loaded.char_count} characters"
        except IngestionError as error:
            verdict = f"{error.code} ({error.detail[:60]})"
        seconds = time.perf_counter() - started
        POOL.close()
        # The largest resident set of any child so far: it only ever grows.
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        broken += seconds > _MAX_SECONDS or megabytes > _MAX_MEGABYTES
        print(f"{path.name:34} {seconds:6.2f} s  peak so far {megabytes:6.0f} MB  {verdict}", flush=True)
    print(f"{broken} files broke a bound")


if __name__ == "__main__":
    main()
