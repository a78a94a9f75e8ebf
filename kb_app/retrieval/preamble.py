"""Questions with something before them: a greeting, what the asker is doing, why he asks."""

import re

from ingestion.analyzer import CJK, runs
from kb_app.retrieval.analyzer import bare, question_words

_END = re.compile(rf"(?<=[。！!？?；;：\n])|(?<=\.)(?=\s)|(?<=:)(?=[\s{CJK}])")
_ASKS = ("?", "？")
#: With fewer words or characters of content a sentence does not ask by itself: "对吗？", "Why?"
_LEAST_CONTENT = 2


def asked_alone(text: str) -> str:
    """Return the sentence of ``text`` that asks, its last question or else its last sentence; empty where it is all.

    What leads to a question is no part of what a passage must say. What is left is to be told by itself: a sentence of
    next to no words is not returned.
    """
    parts = [part.strip() for part in _END.split(text) if any(map(str.isalnum, part))]
    if not parts[1:]:
        return ""
    asked = next((part for part in reversed(parts) if part.endswith(_ASKS)), parts[-1])
    return asked if _content(asked) >= _LEAST_CONTENT else ""


def _content(text: str) -> int:
    """Count the characters and words that do not only make a text a question."""
    words = question_words()
    return sum(
        len(set(run) - words.stop_characters) if is_cjk else run.lower() not in words.stop_words
        for is_cjk, run in runs(bare(text))
    )
