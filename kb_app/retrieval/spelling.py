"""Words of a question that no document holds, and the words they are most likely meant to be: Maastrich, Maastricht.

Only words of alphabetic scripts: an unknown Chinese word still matches by its characters.
"""

from collections.abc import Collection, Iterable

#: Shorter words have too many neighbours; from the second length on, two letters may be wrong.
_SHORTEST, _TWO_WRONG = 5, 8


def may_be_misspelt(term: str) -> bool:
    """Whether a word that nobody wrote may be a slip of the pen; numbers, identifiers and short words are not."""
    return term.isalpha() and term < "\u1100" and len(term) >= _SHORTEST


def nearest(term: str, known: Iterable[tuple[str, int]], stop_words: Collection[str] = ()) -> str:
    """Return the known word that ``term`` was meant to be, or an empty string.

    Args:
        term: An index term that ``may_be_misspelt``.
        known: Index terms and how often each occurs; the first letter is taken to be right.
        stop_words: Words that are never meant.
    """
    allowed = 1 + (len(term) >= _TWO_WRONG)
    found = [
        (distance, -count, word)
        for word, count in known
        if word[0] == term[0]
        and abs(len(word) - len(term)) <= allowed
        and len(word) >= _SHORTEST - 1
        and word.isalpha()
        and word not in stop_words
        and (distance := edit_distance(term, word, allowed)) <= allowed
    ]
    return min(found)[2] if found else ""


def edit_distance(one: str, other: str, most: int) -> int:
    """Return how many letters are to insert, leave out, replace or swap with the next; ``most`` + 1 means more.

    The optimal string alignment distance (Damerau 1964, each substring edited once).
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, opposite in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]
