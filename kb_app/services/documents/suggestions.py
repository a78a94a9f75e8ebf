"""Questions to begin or to go on with, made of the documents' own headings; no model is needed."""

import re
from collections.abc import Iterable

from kb_app.models import Message, Source
from kb_app.retrieval.analyzer import terms
from kb_app.retrieval.headings import unnumbered

_EMPTY_TITLES = frozenset(
    (
        *(
            "目录",
            "前言",
            "序",
            "序言",
            "简介",
            "引言",
            "概述",
            "小结",
            "总结",
            "结语",
            "附录",
            "参考文献",
            "致谢",
            "练习",
            "习题",
        ),
        *("contents", "introduction", "preface", "summary", "conclusion", "conclusions", "appendix", "references"),
        *("acknowledgements", "exercises", "overview", "abstract", "index", "notes", "license"),
    )
)
_QUESTION = re.compile(r"^(?:如何|怎么|怎样|为什么|什么是|how |why |what |when |which |who )|[?？]\s*$", re.IGNORECASE)
_SHORTEST, _LONGEST = 3, 40
#: The share of the best score with which a passage of a document nobody cites is still about the question.
_NEAR = 0.5


def topic(heading: str) -> str:
    """Return a heading without its number and markup, empty where it names no topic of its own."""
    clean = unnumbered(heading)
    is_empty = clean.casefold() in _EMPTY_TITLES or not any(char.isalpha() for char in clean)
    return "" if is_empty or not _SHORTEST <= len(clean) <= _LONGEST else clean


def is_question(words: str) -> bool:
    """Return whether a heading can be asked as it is."""
    return bool(_QUESTION.search(words))


def topics(headings: Iterable[str], limit: int) -> tuple[str, ...]:
    """Return up to ``limit`` different topics of these headings, in order."""
    found = dict.fromkeys(filter(None, map(topic, headings)))
    return tuple(found)[:limit]


def next_topics(answer: Message, question: str, limit: int = 3) -> tuple[str, ...]:
    """Return topics of the passages an answer was offered and did not use, unless the question has named them."""
    known = set(terms(question)) | {
        term for source in answer.sources if source.marker in answer.cited for term in terms(" ".join(source.heading))
    }
    unused = [source for source in answer.sources if source.marker not in answer.cited and _is_near(source, answer)]
    fresh = (part for source in unused for part in reversed(source.heading) if not set(terms(topic(part))) <= known)
    return topics(fresh, limit)


def _is_near(source: Source, answer: Message) -> bool:
    """Whether a passage has to do with the answer: of a document that is cited, or found nearly as well as the best."""
    cited = {one.document_id for one in answer.sources if one.marker in answer.cited}
    return source.document_id in cited or source.score >= _NEAR * max(one.score for one in answer.sources)
