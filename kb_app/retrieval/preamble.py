"""Questions with something before them: a greeting, what the asker is doing, why he asks."""

import re

from ingestion.analyzer import CJK, runs
from ingestion.sentences import count_units, split_sentences
from kb_app.retrieval.analyzer import bare, question_words

_COLON = re.compile(rf"(?<=[：；;])|(?<=:)(?=[\s{CJK}])")
_ASKS = ("?", "？")
#: With fewer words or characters of content a sentence does not ask by itself: "对吗？", "Why?"
_LEAST_CONTENT = 2


def asked_alone(text: str) -> str:
    """Return the sentence of ``text`` that asks, its last question or else its last sentence; empty where it is all.

    What leads to a question is no part of what a passage must say. What is left is to be told by itself: a sentence of
    next to no words is not returned.
    """
    sentences = (text[start:end] for start, end in split_sentences(text))
    parts = [part.strip() for one in sentences for part in _COLON.split(one) if any(map(str.isalnum, part))]
    if not parts[1:]:
        return ""
    asked = next((part for part in reversed(parts) if part.endswith(_ASKS)), parts[-1])
    return asked if _content(asked) >= _LEAST_CONTENT else ""


def without_preamble(text: str) -> str:
    """Return the sentence of ``text`` that asks where what leads to it is longer, and else all of it."""
    alone = asked_alone(text)
    return alone if alone and 2 * count_units(alone) <= count_units(text) else text


def _content(text: str) -> int:
    """Count the characters and words that do not only make a text a question."""
    words = question_words()
    return sum(
        len(set(run) - words.stop_characters) if is_cjk else run.lower() not in words.stop_words
        for is_cjk, run in runs(bare(text))
    )
