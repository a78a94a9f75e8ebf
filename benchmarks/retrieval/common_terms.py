"""Write the table of terms that are common in general text, ``kb_app/retrieval/data/common_terms.tsv``.

python -m benchmarks.retrieval.common_terms ENGLISH CHINESE --without WORDS > kb_app/retrieval/data/common_terms.tsv

ENGLISH is ``frequency_dictionary_en_82_765.txt`` of the package symspellpy (MIT; from Google Books n-grams), CHINESE
``dict.txt`` of jieba (MIT), WORDS ``profanity_wordlist.txt`` of better-profanity (MIT). Each line of the table: the
share of passages of usual size that hold a term, a tab, and the terms of about that share.
"""

import argparse
import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from ingestion.analyzer import stem

#: A passage of usual size: this many words, or Chinese characters.
_WORDS, _CHARACTERS = 150, 300
_LEAST = 0.003
_STEP = 1.4
_HAN = ("\u4e00", "\u9fff")


def english(path: Path) -> Iterator[tuple[str, float]]:
    """Yield (stem, share of passages)."""
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        word, count = line.split()
        counts[stem(word)] += int(count)
    total = counts.total()
    yield from ((term, 1 - (1 - count / total) ** _WORDS) for term, count in counts.items() if term.isalpha())


def chinese(path: Path) -> Iterator[tuple[str, float]]:
    """Yield (character or adjacent pair within a word, share of passages)."""
    characters: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        word, count = line.split()[:2]
        if all(_HAN[0] <= char <= _HAN[1] for char in word):
            for char in word:
                characters[char] += int(count)
            for first, second in pairwise(word):
                pairs[first + second] += int(count)
    total = characters.total()
    for counts in (characters, pairs):
        yield from ((term, 1 - (1 - count / total) ** _CHARACTERS) for term, count in counts.items())


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("english", type=Path)
    parser.add_argument("chinese", type=Path)
    parser.add_argument("--without", type=Path, help="words, one a line, to leave out")
    arguments = parser.parse_args()
    unwanted = set(map(stem, arguments.without.read_text(encoding="utf-8").split())) if arguments.without else set()
    lines: dict[int, list[str]] = {}
    for term, share in (*english(arguments.english), *chinese(arguments.chinese)):
        if share >= _LEAST and term not in unwanted:
            lines.setdefault(round(math.log(share) / math.log(_STEP)), []).append(term)
    for step in sorted(lines, reverse=True):
        print(f"{min(1.0, _STEP**step):.4f}\t{' '.join(sorted(lines[step]))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
