"""Finds personal data in Chinese and English text: names, e-mail addresses, telephone and identity numbers.

Rules, not a model: numbers are checked as far as they can be (the date and check digit of an identity card), names are
found where the text says so (a title, a label). A person still has to look: a name in running text is not found, and
what is found may be none.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

PersonalKind = Literal["name", "email", "phone", "id_number"]
KINDS: tuple[PersonalKind, ...] = ("name", "email", "phone", "id_number")

_EMAIL = re.compile(r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_CARD = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_PHONES = re.compile(
    r"(?<![\d.-])(?:"
    r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}"  # a Chinese mobile number
    r"|0\d{2,3}[- ]\d{7,8}"  # a Chinese landline with its area code
    r"|[48]00[- ]\d{3}[- ]\d{4}"
    r"|\+\d{1,3}(?:[ -]\(?\d{1,4}\)?){2,5}"  # an international number in groups
    r"|(?:\+?1[- .]?)?(?:\([2-9]\d{2}\)\s?|[2-9]\d{2}[-.])\d{3}[-.]\d{4}"  # a North American one
    r")(?![\d-])"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
    "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_FULL = rf"(?:欧阳|司马|上官|诸葛|司徒|东方|[{_SURNAMES}])"
_TITLES = "先生|女士|小姐|老师|教授|医生|大夫|律师|经理|主任|主管|总监|工程师|同学|师傅|警官|法官"
_NAMES = (
    re.compile(rf"(?P<name>{_FULL}[\u4e00-\u9fff]{{0,2}}?)(?=(?:{_TITLES}))"),
    re.compile(
        r"(?:姓名|联系人|负责人|经办人|申请人|客户|患者|收件人|寄件人|签名|本人|身份证持有人)\s*[:：为是]\s*"
        rf"(?P<name>{_FULL}[\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff])"
    ),
    re.compile(rf"(?:我叫|我是|名叫)(?P<name>{_FULL}[\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff])"),
    re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s+(?P<name>[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){0,2})"),
    re.compile(
        r"\b(?i:name|contact|customer|client|patient|applicant|signed(?: by)?)\s*[:=]\s*"
        r"(?P<name>[A-Z][\w'’-]+(?:\s+[A-Z]\.?[\w'’-]*){1,2})"
    ),
    re.compile(r"\b(?i:my name is)\s+(?P<name>[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){0,2})"),
)
#: Without one of these there is no name that could be told.
_NAME_HINT = re.compile(
    rf"{_TITLES}|姓名|联系人|[负申][责请]人|经办人|客户|患者|[收寄]件人|签名|本人|身份证持有人|我叫|我是|名叫"
    r"|\b(?:M[rs]s?|Miss|Dr|Prof)\b|\b(?i:name|contact|customer|client|patient|applicant|signed)\b"
)
_DIGITS = re.compile(r"\d{3}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


class Finding(NamedTuple):
    """One piece of personal data in a text, from ``start`` to ``end``."""

    kind: PersonalKind
    text: str
    start: int
    end: int


def find_personal_data(text: str) -> list[Finding]:
    """Return what was found, in reading order, without overlaps; of two that overlap the surer one stays."""
    found, start = [], 0
    for line in text.splitlines(keepends=True):
        found += [one._replace(start=one.start + start, end=one.end + start) for one in _in_line(line)]
        start += len(line)
    return found


@functools.lru_cache(maxsize=100_000)  # the lines of prompts and passages come again and again
def _in_line(line: str) -> tuple[Finding, ...]:
    taken: list[Finding] = []
    for finding in _candidates(line):
        if all(finding.end <= other.start or finding.start >= other.end for other in taken):
            taken.append(finding)
    return tuple(sorted(taken, key=lambda finding: finding.start))


def _candidates(line: str) -> Iterator[Finding]:
    """Yield candidates, the surest kinds first; what cannot be there is not looked for."""
    has_digits = _DIGITS.search(line) is not None
    if has_digits:
        yield from (one for one in _matches("id_number", _CARD, line) if is_identity_card(one.text))
        yield from _matches("id_number", _SSN, line)
    if "@" in line:
        yield from _matches("email", _EMAIL, line)
    if has_digits:
        yield from _matches("phone", _PHONES, line)
    if _NAME_HINT.search(line):
        for pattern in _NAMES:
            yield from (Finding("name", found["name"], *found.span("name")) for found in pattern.finditer(line))


def _matches(kind: PersonalKind, pattern: re.Pattern[str], line: str) -> Iterator[Finding]:
    return (Finding(kind, found[0], *found.span()) for found in pattern.finditer(line))


def is_identity_card(number: str) -> bool:
    """Return whether 18 characters are a Chinese identity number: a date of birth and the check digit of GB 11643."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    check = _CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]
    return 1900 <= born.year <= date.today().year and number[-1].upper() == check


class Masker:
    """Replaces personal data by placeholders; the same person or number gets the same one everywhere."""

    def __init__(self) -> None:
        """Begin with the first number of each kind."""
        self._known: dict[PersonalKind, dict[str, str]] = defaultdict(dict)

    def mask(self, text: str) -> str:
        """Return ``text`` with placeholders such as ``[PHONE_1]``."""
        parts, end = [], 0
        for finding in find_personal_data(text):
            parts += [text[end : finding.start], self._placeholder(finding)]
            end = finding.end
        return "".join([*parts, text[end:]])

    def _placeholder(self, finding: Finding) -> str:
        known = self._known[finding.kind]
        return known.setdefault(finding.text, f"[{finding.kind.upper()}_{len(known) + 1}]")
