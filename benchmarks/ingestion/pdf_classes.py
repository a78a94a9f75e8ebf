"""Score every PDF of a folder by class: ``python benchmarks/ingestion/pdf_classes.py FOLDER``.

The folder holds ``list.tsv`` (file, source, bytes, class, min_chars_expected, note) and the files, beside it or
in ``files/``. A file passes if its verdict fits its class, at least the expected characters came out (blanks not
counted, after NFKC), and the word its note names is among them.
"""

import argparse
import csv
import re
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import source_tree  # noqa: F401 - before our own packages

from ingestion.errors import IngestionError
from ingestion.pipeline import prepare_limited

_OK = "ok"
_VERDICTS = {
    "corrupt_fatal": {"damaged", "no_text", "not_a_pdf"},
    "empty_no_text": {"no_text", "scanned", _OK},
    "encrypted_broken": {"damaged", "password_needed"},
    "encrypted_password": {"password_needed"},
    "form_or_annotation_text": {_OK, "no_text"},
    "garbled_font": {"garbled"},
    "scanned_image": {"scanned"},
}
_ANY = {_OK, "no_text", "scanned", "too_heavy", "damaged"}
_NOT_COUNTED = re.compile(r"[\s\x00-\x1f]+")
_MAX_CHARS_OF_EMPTY = 20
_NEEDS_WORD = re.compile(r'contains "([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out for one file."""

    verdict: str
    text: str = ""
    seconds: float = 0.0


def dense(text: str) -> str:
    """Return the text as the list counts it: after NFKC, without blanks and control characters."""
    return _NOT_COUNTED.sub("", unicodedata.normalize("NFKC", text))


def read(path: Path) -> Result:
    """Return the verdict on one file."""
    started = time.perf_counter()
    try:
        prepared = prepare_limited(path.read_bytes(), path.name)
    except IngestionError as error:
        return Result(verdict=error.code, seconds=time.perf_counter() - started)
    text = dense("".join(page.text for page in prepared.loaded.pages))
    return Result(verdict=_OK, text=text, seconds=time.perf_counter() - started)


def complaint(row: dict[str, str], result: Result) -> str:
    """Return why the result fails its class, or an empty string."""
    kind = row["class"]
    least = int(row["min_chars_expected"])
    expected = _VERDICTS.get(kind, {_OK} if least else _ANY)
    if result.verdict not in expected:
        return f"{result.verdict}, expected {' or '.join(sorted(expected))}"
    if kind == "empty_no_text" and len(result.text) > _MAX_CHARS_OF_EMPTY:
        return f"{len(result.text)} characters in an empty file"
    if len(result.text) < least:
        return f"{len(result.text)} characters, expected {least}"
    word = _NEEDS_WORD.search(row["note"])
    if word and result.verdict == _OK and dense(word.group(1)) not in result.text:
        return f"{word.group(1)!r} not found"
    return ""


def main() -> None:
    """Print one line per failure, then a table by class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    files = folder / "files" if (folder / "files").is_dir() else folder
    with open(folder / "list.tsv", encoding="utf-8", newline="") as listing:
        rows = list(csv.DictReader(listing, delimiter="\t"))
    passed: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    slowest = (0.0, "")
    started = time.perf_counter()
    for row in rows:
        result = read(files / row["file"])
        slowest = max(slowest, (result.seconds, row["file"]))
        problem = complaint(row, result)
        total[row["class"]] += 1
        passed[row["class"]] += not problem
        if problem:
            print(f"FAIL  {row['class']:24} {row['file']:40} {problem}")
    for kind in sorted(total):
        share = 100 * passed[kind] / total[kind]
        print(f"{kind:26} {passed[kind]:4} / {total[kind]:4}  {share:5.1f} %")
    print(f"{'all':26} {sum(passed.values()):4} / {len(rows):4}  in {time.perf_counter() - started:.1f} s")
    print(f"slowest: {slowest[1]} {slowest[0]:.2f} s")


if __name__ == "__main__":
    main()
