"""How well a piece of text serves as an answer to a kind of question, beside the words they share.

All weights are set by hand, on the scale of the quote weights: the training data holds no lists, code or indexes.
"""

import re
from typing import NamedTuple

from ingestion.analyzer import fold
from ingestion.sentences import count_units
from kb_app.retrieval.analyzer import bare, question_words, terms
from kb_app.retrieval.answer_type import answer_type
from kb_app.retrieval.headings import asked_headings
from kb_app.retrieval.sentences import is_call_to_action, is_list, is_table_row, is_whole

_AVOIDED = -6.0  # quoted when nothing else answers
_FRAGMENT = -1.5
_WISHED = 1.5
_ECHO = 2.0
_FRAGMENT_UNITS = 10
_SYMBOL_SHARE = 0.2
_LEAST_PROSE = 6
_ASKS_FOR_CODE = re.compile(
    r"代码|源码|命令|脚本|语法|函数|接口|安装|配置|运行|调用|写法|示例|样例|公式|bibtex|引用格式|怎么引用"
    r"|\b(?:code|command|script|syntax|function|install|configure|run|call|snippet|example|citation|cite|formula)\b",
    re.IGNORECASE,
)
_ASKS_FOR_LINKS = re.compile(
    r"链接|地址|网址|目录|章节|哪里(?:下载|购买|看)|\b(?:links?|urls?|address|contents|chapters?)\b", re.I
)
_ASKS_FOR_LIST = re.compile(
    r"哪些|哪几|几[个种类步点条]|步骤|流程|分为|包括|包含|列[出举]|都有|分别|安排"
    r"|\b(?:which|what are|list|steps?|kinds? of|types? of|parts?|how (?:do|can|should|to))\b",
    re.IGNORECASE,
)
_FENCE = ("```", "~~~")
_BIBTEX = re.compile(r"^[ \t]*@\w+\s*\{|\b(?:author|booktitle|howpublished|journal)\s*=\s*[{\"]", re.MULTILINE)
_CODE_LINE = re.compile(
    r"^[ \t]*(?:#!|import \w|from \S+ import|def \w+\(|class \w+[(:]|print\(|\w+ = \w+[.(\[]|\$ |>>> )", re.MULTILINE
)
_SYMBOLS = re.compile(r"[{}\[\]()=<>;_\"'\\/+&|@^~]")
_LINK = re.compile(r"!?\[[^\]]*\]\([^)\s]*\)?|https?://\S+")
_ASKED_MARK = re.compile(r"^\s*(?:问|q)\s*[:：.]\s*", re.IGNORECASE)
_EMOJI = re.compile(r":[a-z0-9_+-]+:")
_LEADERS = re.compile(r"(?:\.{4,}|…{2,}|(?:\. ){4,})\s*\d*\s*$", re.MULTILINE)
_WORDS = re.compile(r"[\W\d_]+")
_ENGLISH_SUBJECT = re.compile(r"^(?:what|who)(?:'s| is| are| was| were)(?: meant by)?(?: an?| the)? (.+?)[?.! ]*$")
_RUN = re.compile(r"[^\s，。？！、：；,?!:;「」“”\"（）()]+")


class Wish(NamedTuple):
    """What a question asks for; ``subject`` is what it wants defined, else empty.

    ``headings`` are what it may name, for ``headings.stands_under``.
    """

    question: str
    code: bool
    links: bool
    items: bool
    subject: str
    headings: frozenset[str]


def wish(question: str) -> Wish:
    """Return what ``question`` asks for."""
    return Wish(
        question=question,
        code=bool(_ASKS_FOR_CODE.search(question)),
        links=bool(_ASKS_FOR_LINKS.search(question)),
        items=bool(_ASKS_FOR_LIST.search(question)),
        subject=_subject(question) if answer_type(question) == "definition" else "",
        headings=asked_headings(question),
    )


def _subject(question: str) -> str:
    text = fold(question).lower().strip()
    english = _ENGLISH_SUBJECT.match(text)
    if english:
        return english[1]
    runs = _RUN.findall(_about(question).lower())
    longest = max((run.strip("的是了在和与") for run in runs), key=len, default="")
    return longest.rsplit("的", 1)[-1]


def fitness(wanted: Wish, text: str, coverage: float) -> float:
    """Return what ``text`` gets or loses for its kind.

    Args:
        wanted: What is asked for.
        text: A quotable piece.
        coverage: The share of the question's weight that it holds, in [0, 1].
    """
    total = 0.0
    if is_call_to_action(text) and not is_call_to_action(wanted.question):
        total += _AVOIDED
    if not wanted.code and is_code(text):
        total += _AVOIDED
    if not wanted.links and is_index(text):
        total += _AVOIDED
    if not is_table_row(text) and not is_whole(text) and count_units(text) < _FRAGMENT_UNITS:
        total += _FRAGMENT
    if wanted.items and is_list(text):
        total += _WISHED
    if wanted.subject and defines(wanted.subject, text):
        total += _WISHED
    if text.rstrip().endswith(("?", "？")):
        total += _ECHO * coverage * sameness(wanted.question, text)  # the text asks it, too, and the answer follows
    return total


def sameness(question: str, asked: str) -> float:
    """Return the share of the terms of ``asked``, a question or heading in a text, that ``question`` holds as well."""
    own, theirs = (set(terms(_about(text))) for text in (_ASKED_MARK.sub("", asked), question))
    return len(own & theirs) / len(own) if own else 0.0


def _about(question: str) -> str:
    return question_words().generic_phrases.sub(" ", bare(question))


def is_code(text: str) -> bool:
    """Whether a piece is program text or a citation record rather than prose."""
    if text.startswith(_FENCE) or _BIBTEX.search(text) or _CODE_LINE.search(text):
        return True
    if is_table_row(text) or is_list(text):
        return False
    dense = re.sub(r"\s", "", _LINK.sub("", text))
    return len(_SYMBOLS.findall(dense)) > _SYMBOL_SHARE * len(dense)


def is_index(text: str) -> bool:
    """Whether a piece is made of links, or is a table of contents: it says where something is, not what."""
    if len(_LEADERS.findall(text)) > text.count("\n") / 2:
        return True
    links = _LINK.findall(text)
    left = _WORDS.sub("", _EMOJI.sub("", _LINK.sub("", text)))
    return bool(links) and len(left) < max(_LEAST_PROSE, len(links) * 3)


def defines(subject: str, text: str) -> bool:
    """Whether ``text`` says what ``subject`` is."""
    words = re.sub(r"[*_`]", "", fold(text).lower())
    name = re.escape(subject)
    patterns = (
        rf"{name}[^，。；？]{{0,12}}?(?:是(?![否不])|指|即|就是|——|意味着)",
        rf"(?:称为|称作|称之为|叫做|叫作|叫|简称|所谓|也就是)[的“「《\"'（( ]*{name}",
        rf"(?:^|[.;] )(?:an? |the )?{name}\b[^.;?]{{0,40}}?\b(?:is|are|was|were|refers? to|means?)\b",
        rf"\b(?:called|known as|termed) (?:an? |the )?[\"“']?{name}",
    )
    return not words.rstrip().endswith(("?", "？")) and any(re.search(pattern, words) for pattern in patterns)
