"""Text -> the form in which a search counts terms: one substring search a term, with no further analysis.

It is made once, when a document is read, and kept with each chunk, since analysing the candidates of a question took
half of the time of a search. It goes by ``ingestion.analyzer.ANALYZER_VERSION``, as the indexes do.
"""

import functools

from ingestion.analyzer import fold, number_terms, runs, word_terms
from ingestion.sentences import split_sentences

#: Stands between the sentences of a text; no term holds it.
SENTENCE_MARK = "\x1e"


def canonical(text: str) -> str:
    """Return ``text`` with Chinese as it is and each word's terms as `` term ``.

    A Chinese term occurs in it as a substring, a word as ``f" {word} "``, adjacent words as ``" a  b "``.
    """
    return "".join([_chinese(run) if is_cjk else _words(run) for is_cjk, run in runs(fold(text))])


def canonical_sentences(text: str) -> str:
    """Return the sentences of ``text`` in canonical form, with ``SENTENCE_MARK`` between them."""
    return SENTENCE_MARK.join([canonical(text[start:end]) for start, end in split_sentences(text)])


def _chinese(run: str) -> str:
    numbers = "".join(f" {number} " for number in number_terms(run))
    return f"{run}{numbers}\n"


@functools.lru_cache(maxsize=100_000)
def _words(token: str) -> str:
    return "".join(f" {term} " for term in word_terms(token))
