"""Where a passage holds the words of a question, shown as HTML with everything escaped. Pure functions."""

import re
from html import escape
from itertools import accumulate, groupby

from ingestion.analyzer import CJK, fold, word_terms
from kb_app.retrieval.analyzer import Question
from kb_app.ui.markup import unmarked

_WORD = re.compile(rf"[^\W_{CJK}]+(?:[.'’_-][^\W_{CJK}]+)*[+#]*")

#: Characters of a text that are looked through for a snippet.
_SEARCHED = 20_000


def highlight_html(text: str, question: Question) -> str:
    """Return ``text`` as HTML: every character of it escaped, what matches ``question`` in ``<mark>``."""
    marked = matched(text, question)
    pieces = (
        (is_match, escape("".join(char for char, _ in group)))
        for is_match, group in groupby(zip(text, marked, strict=True), key=lambda pair: pair[1])
    )
    body = "".join(f"<mark>{piece}</mark>" if is_match else piece for is_match, piece in pieces)
    return f'<div class="kb-excerpt">{body}</div>'


def snippet(text: str, question: Question, length: int = 200) -> str:
    """Return the stretch of ``text`` that holds most matches of ``question``, on one line; ``…`` where it is cut."""
    line = " ".join(unmarked(text[:_SEARCHED]).split())
    if len(line) <= length:
        return line
    sums = [0, *accumulate(map(int, matched(line, question)))]
    last = len(line) - length
    start = max(range(last + 1), key=lambda place: sums[place + length] - sums[place])
    first = next((place for place in range(start, start + length) if sums[place + 1] > sums[place]), start)
    start = min(max(first - length // 3, 0), last)
    return ("…" if start else "") + line[start : start + length] + ("…" if start < last else "")


def matched(text: str, question: Question) -> list[bool]:
    """Return for each character of ``text`` whether it belongs to a match.

    Chinese matches by pairs of characters, as single ones occur everywhere; words match by their stems.
    """
    marked = [False] * len(text)
    pairs = set(question.cjk_pairs)
    alone = set(question.units) - {char for pair in pairs for char in pair}
    folded = [fold(char) for char in text]
    for place, char in enumerate(folded):
        if char in alone:
            marked[place] = True
        if place and folded[place - 1] + char in pairs:
            marked[place - 1] = marked[place] = True
    units = set(question.units)
    for word in _WORD.finditer(text):
        written = fold(word[0])
        if not units.isdisjoint((*word_terms(written.lower()), *word_terms(written))):
            marked[word.start() : word.end()] = [True] * len(word[0])
    return marked
