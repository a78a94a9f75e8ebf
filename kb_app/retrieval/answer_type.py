"""What kind of answer a question asks for, and whether a sentence could hold one."""

import re
from typing import Literal

AnswerType = Literal["reason", "number", "time", "person", "place", "definition", "other"]

_QUESTIONS: tuple[tuple[AnswerType, re.Pattern[str]], ...] = (
    ("reason", re.compile(r"为什么|为何|为啥|原因|什么缘故|\bwhy\b|\breason\b")),
    (
        "number",
        re.compile(
            r"多少|几(?![乎年月日])|多[大长高远宽重久深快]|第几"
            r"|\bhow (?:many|much|long|far|tall|old|big|large|high|often)\b"
            r"|\bwhat (?:percent|percentage|number)\b"
        ),
    ),
    (
        "time",
        re.compile(
            r"什么时候|什么时间|何时|哪一?[年月日天]|何年|几[年月日]|年份|日期|\bwhen\b"
            r"|\b(?:what|which) (?:year|date|day|month|century|decade)\b"
        ),
    ),
    ("person", re.compile(r"谁|哪一?位|何人|\bwho(?:m|se)?\b")),
    (
        "place",
        re.compile(
            r"哪里|哪儿|何处|何地|什么地方|在哪|哪个?(?:国家|城市|省|地区|地方|市|县|国)|位于哪|\bwhere\b"
            r"|\b(?:what|which) (?:country|city|state|place|town|county|region)\b"
        ),
    ),
    (
        "definition",
        re.compile(
            r"^什么是|^[^的]*是(?:什么|啥)|是什么意思|指的?是什么|是怎么一?回事|^(?:请|给我|帮我)*介绍|\bdefine\b|\bmean\b"
            r"|^what (?:is|are) (?:an? |the )?\S+(?: \S+)?\s*\??$"
        ),
    ),
)
_NUMERAL = r"[\d〇一二三四五六七八九十百千万亿两]"
_ANSWERS: dict[AnswerType, re.Pattern[str]] = {
    "reason": re.compile(
        r"因为|因此|由于|原因|为了|以免|所以|导致|使得|因而|缘故"
        r"|\bbecause\b|\bdue to\b|\bsince\b|\bso that\b|\bin order to\b|\bcaused?\b|\breason",
        re.IGNORECASE,
    ),
    "number": re.compile(
        rf"{_NUMERAL}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million"
        r"|billion|half|third|quarter)\b",
        re.IGNORECASE,
    ),
    "time": re.compile(
        rf"{_NUMERAL}+[年月日号时]|世纪|年代|朝|时期|\b\d{{3,4}}s?\b|\b(?:january|february|march|april|may|june|july"
        r"|august|september|october|november|december|century|decade)\b",
        re.IGNORECASE,
    ),
    "person": re.compile(
        r"[·•]|先生|女士|教授|博士|[任由是为](?=[\u4e00-\u9fff]{2,4})|(?<![.!?]\s)(?<!^)\b[A-Z][a-z]+"
    ),
    "place": re.compile(
        r"[省市县区镇村州国路街岛山河湖海港]|位于|地处|坐落|\b(?:in|at|near|from|to)\s+(?:the\s+)?[A-Z]"
    ),
    "definition": re.compile(r"[是指即]|称为|\b(?:is|are|refers? to|means?|known as|called)\b", re.IGNORECASE),
}


def answer_type(question: str) -> AnswerType:
    """Return what kind of answer ``question`` asks for; ``other`` where no cue is known."""
    lowered = question.lower().strip()
    return next((kind for kind, cue in _QUESTIONS if cue.search(lowered)), "other")


def may_answer(kind: AnswerType, sentence: str) -> bool:
    """Whether ``sentence``, as written, holds something of the kind; for ``other`` nothing does."""
    pattern = _ANSWERS.get(kind)
    return pattern is not None and pattern.search(sentence) is not None
