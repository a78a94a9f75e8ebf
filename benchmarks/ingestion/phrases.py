"""Can exact phrases be found?  ``python benchmarks/ingestion/phrases.py BOOK.pdf [--words 4]``.

Phrases are taken from another engine's text (pdfminer.six, which must be installed; it is no dependency of the
product), so a fault of our engine cannot hide itself: runs of 12 Chinese characters, or of a number of words.
A phrase counts as found if one chunk contains it.
"""

import argparse
import random
import re
import time
from pathlib import Path

import source_tree  # noqa: F401 - before our own packages

from ingestion.pdf_rules import comparable
from ingestion.pipeline import prepare

_HAN_CHARS = 12
_SAMPLE = 2000
_SEED = 20261122


def other_text(path: Path, without: str, titles: set[str]) -> str:
    """Return pdfminer's text of the book without lines that match ``without``.

    A line that is a title becomes a bar, since a phrase from a title into the text below is no phrase.
    """
    from pdfminer.high_level import extract_text

    lines = extract_text(str(path)).replace("\f", "\n").split("\n")
    kept = [line for line in lines if not (without and re.search(without, line))]
    return "\n".join("|" if _unnumbered(line) in titles else line for line in kept)


def _unnumbered(line: str) -> str:
    return comparable(re.sub(r"^\s*(?:第\s*\d+\s*章|\d+(?:\.\d+)*)\s", "", line))


def han_phrases(text: str) -> list[str]:
    """Return every run of 12 Chinese characters, line breaks closed."""
    runs = re.findall(f"[\u4e00-\u9fff]{{{_HAN_CHARS},}}", re.sub(r"\s*\n\s*", "", text))
    return [run[i : i + _HAN_CHARS] for run in runs for i in range(0, len(run) - _HAN_CHARS + 1, 3)]


def word_phrases(text: str, count: int) -> list[str]:
    """Return runs of ``count`` lower-case English words, line breaks read as blanks."""
    pattern = rf"\b[a-z]+(?:\s+[a-z]+){{{count - 1}}}\b"
    return [" ".join(phrase.split()) for phrase in re.findall(pattern, text)]


def main() -> None:
    """Print the share of phrases found and the CPU time until the book was ready for embedding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--words", type=int, default=0, help="English words per phrase; 0: Chinese")
    parser.add_argument(
        "--without", default="→_→|电商平台选购|配套视频教程", help="pattern of running headers, which are meant to go"
    )
    arguments = parser.parse_args()
    data = arguments.book.read_bytes()
    prepare(data, arguments.book.name)
    started = time.process_time()
    prepared = prepare(data, arguments.book.name)
    cpu_s = time.process_time() - started
    titles = {comparable(entry.title) for entry in prepared.loaded.outline}
    text = other_text(arguments.book, arguments.without, titles)
    phrases = word_phrases(text, arguments.words) if arguments.words else han_phrases(text)
    sample = random.Random(_SEED).sample(phrases, min(_SAMPLE, len(phrases)))
    passages = "\0".join(chunk.text for chunk in prepared.chunks)
    missing = [phrase for phrase in sample if phrase not in passages]
    print(
        f"{len(sample)} phrases, found {100 * (1 - len(missing) / len(sample)):.1f} %; missing such as {missing[:10]}"
    )
    print(f"{len(prepared.loaded.pages)} pages, {len(prepared.chunks)} chunks, {cpu_s:.2f} s of CPU")


if __name__ == "__main__":
    main()
