"""Whether two questions are the same question: alike but for case, punctuation, politeness and harmless word order.

Words alone do not tell: "same words, another meaning" must not pass. So the score counts what differs, and what turns
a question into another one (a question word, a number or symbol, a negation, a name) blocks whatever the score.
"""

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise, permutations
from typing import Literal

from ingestion.analyzer import CJK, fold, number_terms, runs

Blocked = Literal["", "question", "number", "negation", "name"]
Tokens = tuple[str, ...]

#: What a token of content that only one of the questions has costs at least; of a short question, its share.
_CONTENT = 0.06
#: What a particle costs, and the most all of them can.
_LIGHT, _MOST_LIGHT = 0.01, 0.03
#: What another order costs: one that cannot change who does what, and any other.
_MOVED, _REORDERED = 0.01, 0.1
_MOST_CLAUSES = 4

_CLAUSE_END = re.compile(r"(?<!\d)[,:]|[,:](?!\d)|[;!?。…\n]+|\.(?=\s|$)")
_NUMERAL = re.compile("[零〇一二三四五六七八九两十百千万亿]{2,}")
_ONES = frozenset("一二三四五六七八九两")
_UNIT_BELOW = {"百": "十", "千": "百", "万": "千"}
_SINGLE_NUMERALS = frozenset("二三四五六七八九十两百千万亿")
_SYMBOL = re.compile(r"[<>=≥≤≠+−%±×÷$€£¥℃°]")
#: Between two terms it is an operator, as in 5*3 and a|b; in front of a word or after one it is punctuation.
_OPERATOR = re.compile(r"(?<=[^\W_])(?:[*/^&|]{1,2}| +[*/^&|]{1,2} +)(?=[^\W_])")
_SYMBOLS = re.compile(rf"{_SYMBOL.pattern}|[*/^&|]{{1,2}}")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")  # not the comma of 1,5
_MINUS = re.compile(r"(?<![\da-z])[-−](?=\d)")  # not what joins 5-10
#: The letter A as a name, as in "plan A" and 从A到B: an article stands before a word, and has a capital only in front.
_LETTER_A = re.compile(r"(?<![a-z0-9'’])(?:a(?![a-z0-9'’])(?! +[a-z0-9\"“(])|(?<=\S )(?-i:A)(?= ))", re.IGNORECASE)
_NAMED_A = " lettera "
#: The dot of .NET is part of the name, which is said "dotnet".
_DOT = re.compile(r"(?<![A-Za-z0-9_.)])\.(?=[A-Za-z])")
#: The one letter whose case counts behind a number: 5 m and 5 M, but not the bus 40M路.
_MEGA = re.compile(r"(?<![A-Za-z0-9_.,-])(\d+(?:[.,]\d+)*) ?M(?=(?:[WVAJN]|Pa)?(?![A-Za-z0-9线路号]))")
_QUOTED = re.compile(r"[《「『“\"]([^》」』”\"]{1,80})[》」』”\"]")
_NAME = re.compile(r"[^\W\d_]*\d|[A-Z]|\w+[A-Z]")  # how a word begins that looks like a name
_IS_CJK = re.compile(f"[{CJK}]")
_POSSESSIVE = "的"
_MARK = "?"  # question words are tokens that begin with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A question as the comparison sees it.

    ``clauses`` hold its tokens (Chinese characters, other words, numbers, question words by their names) without
    particles, which ``light`` counts; ``owners`` are those before a possessive 的, ``names`` those of words that
    look like names.
    """

    clauses: tuple[Tokens, ...]
    light: Tokens
    owners: Tokens
    names: frozenset[str]

    @property
    def tokens(self) -> Tokens:
        """All tokens in reading order."""
        return tuple(token for clause in self.clauses for token in clause)

    @property
    def key(self) -> str:
        """The same for all orders of the same tokens."""
        return " ".join(sorted(self.tokens))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two questions are: ``score`` in [0, 1], 1 for the same; ``blocked`` names what makes them two."""

    score: float
    blocked: Blocked = ""


class _Rules:
    """The word lists of ``data/likeness.toml``, compiled."""

    def __init__(self) -> None:
        raw = resources.files("kb_app.retrieval").joinpath("data/likeness.toml").read_text(encoding="utf-8")
        table = tomllib.loads(raw)
        chinese, english = table["zh"], table["en"]
        self.light = frozenset(chinese["light"]) | frozenset(english["light"])
        self.negations = frozenset(chinese["negations"]) | frozenset(english["negations"])
        self.adverbial = re.compile(chinese["adverbial"])
        self.auxiliaries = frozenset(english["auxiliaries"])
        self.question_words = frozenset(english["question"]["words"])
        opening = [*chinese["openers"], *(rf"(?:{one})\b" for one in english["openers"])]
        closing = [*chinese["closers"], *(rf"\b(?:{one})" for one in english["closers"])]
        self.opener = re.compile(rf"^\W*(?:{'|'.join(opening)})\W*")
        self.closer = re.compile(rf"\W*(?:{'|'.join(closing)})\W*$")
        self.names = {text: f" {_MARK}{name} " for name, texts in chinese["question"].items() for text in texts}
        self.names |= {text: name for name, texts in chinese["same"].items() for text in texts}
        self.phrases = re.compile("|".join(map(re.escape, sorted(self.names, key=len, reverse=True))))
        self.contractions = {text: whole for whole, texts in english["same"].items() for text in texts}
        self.contraction = re.compile(rf"\b(?:{'|'.join(map(re.escape, self.contractions))})\b")


_rules = functools.cache(_Rules)


@functools.lru_cache(maxsize=20_000)
def wording(question: str) -> Wording:
    """Return ``question`` ready for :func:`likeness`."""
    rules = _rules()
    apart = _OPERATOR.sub(lambda match: f" {match[0].strip()} ", fold(question))
    folded = _MEGA.sub(r"\1mega", _DOT.sub("dot", _LETTER_A.sub(_NAMED_A, apart)))
    text = rules.contraction.sub(lambda match: rules.contractions[match[0]], folded.lower().replace("’", "'"))
    parts = [part for part in _CLAUSE_END.split(text) if part.strip()]
    bare = [kept for part in parts if (kept := _without_politeness(part))]
    clauses: list[Tokens] = []
    light: list[str] = []
    owners: list[str] = []
    for clause in bare or parts:
        tokens = tuple(_tokens(clause))
        owners += (before for before, token in pairwise(tokens) if token == _POSSESSIVE)
        light += (token for token in tokens if token in rules.light)
        if kept_tokens := tuple(token for token in tokens if token not in rules.light):
            clauses.append(kept_tokens)
    all_tokens = {token for clause in clauses for token in clause}  # "Thanks" has a capital, and is gone
    names = frozenset(all_tokens.intersection(_names(folded)))
    return Wording(clauses=tuple(clauses), light=tuple(light), owners=tuple(sorted(owners)), names=names)


def _names(folded: str) -> Iterator[str]:
    """Yield the tokens of what looks like a name: written with capitals or digits, or between quotation marks."""
    for place, (is_cjk, run) in enumerate(runs(folded)):
        if not is_cjk and place and _NAME.match(run):
            yield from _words(run.lower())
    for quoted in _QUOTED.findall(folded):
        yield from _tokens(quoted.lower())


def _without_politeness(clause: str) -> str:
    rules = _rules()
    before = ""
    while clause != before:
        before, clause = clause, rules.closer.sub("", rules.opener.sub("", clause)).strip()
    return clause


def _tokens(clause: str) -> Iterator[str]:
    rules = _rules()
    text = rules.phrases.sub(lambda match: rules.names[match[0]], clause)
    text = _NUMERAL.sub(
        lambda match: f" {terms[0]} " if (terms := number_terms(_in_full(match[0]))) else match[0], text
    )
    for piece in re.split(rf"(\{_MARK}[a-z_]+|{_SYMBOL.pattern}|{_OPERATOR.pattern})", _MINUS.sub("−", text)):
        if piece.startswith(_MARK) or _is_symbol(piece.strip()):
            yield piece.strip()
        else:
            yield from _words(piece)


def _in_full(numeral: str) -> str:
    """Return a numeral with the unit that speech leaves out: 一百二 is 一百二十, which 一百零二 is not."""
    unit = _UNIT_BELOW.get(numeral[-2], "") if numeral[-1] in _ONES else ""
    return numeral + unit


def _is_symbol(token: str) -> bool:
    return bool(_SYMBOLS.fullmatch(token))


def _words(text: str) -> Iterator[str]:
    previous = ""
    for is_cjk, run in runs(text):
        if is_cjk:
            yield from run
            continue
        word = run.removesuffix("'s")
        if word[0].isdigit():
            word = _THOUSANDS.sub("", word)
        measures = previous == "how" or word not in ("long", "far", "old", "often", "many", "much")
        yield _MARK + word if word in _rules().question_words and measures else word
        previous = word


def likeness(one: Wording, other: Wording) -> Likeness:
    """Return how alike two questions are; symmetric."""
    first, second = Counter(one.tokens), Counter(other.tokens)
    differing = max((first - second).total(), (second - first).total())
    size = max(first.total(), second.total(), 1)
    light = ((Counter(one.light) - Counter(other.light)) + (Counter(other.light) - Counter(one.light))).total()
    cost = max(_CONTENT * differing, differing / size) + min(_LIGHT * light, _MOST_LIGHT)
    if not differing:
        cost += _order_cost(one, other)
    return Likeness(score=max(0.0, 1.0 - cost), blocked=_blocked(one, other))


def _blocked(one: Wording, other: Wording) -> Blocked:
    first, second = one.tokens, other.tokens
    kinds: tuple[tuple[Blocked, object, object], ...] = (
        ("question", _questions(first), _questions(second)),
        ("number", _numbers(first), _numbers(second)),
        ("negation", _negations(first), _negations(second)),
    )
    for kind, ours, theirs in kinds:
        if ours != theirs:
            return kind
    return "" if one.names <= set(second) and other.names <= set(first) else "name"


def _questions(tokens: Tokens) -> list[str]:
    return sorted(token for token in tokens if token.startswith(_MARK))


def _numbers(tokens: Tokens) -> list[str]:
    """Return what a question reckons with: numbers, and the symbols between and around them."""
    return sorted(
        token for token in tokens if token in _SINGLE_NUMERALS or _is_symbol(token) or any(map(str.isdigit, token))
    )


def _negations(tokens: Tokens) -> list[str]:
    return sorted(token for token in tokens if token in _rules().negations)


def _order_cost(one: Wording, other: Wording) -> float:
    if one.tokens == other.tokens:
        return 0.0
    # 他的父亲是谁 and 他是谁的父亲 have the same tokens, too.
    same_owners = one.owners == other.owners
    harmless = same_owners and (_same_clauses(one, other) or _same_clauses(other, one) or _one_part_moved(one, other))
    return _MOVED if harmless else _REORDERED


def _same_clauses(one: Wording, other: Wording) -> bool:
    """Whether the clauses of ``one``, in some order, are ``other``."""
    if not 1 < len(one.clauses) <= _MOST_CLAUSES:
        return False
    return any(_flat(order) == other.tokens for order in permutations(one.clauses))


def _flat(clauses: Sequence[Tokens]) -> Tokens:
    return tuple(token for clause in clauses for token in clause)


def _one_part_moved(one: Wording, other: Wording) -> bool:
    """Whether two neighbouring parts changed places, one of which may stand anywhere, such as a time or a clause.

    Only neighbours: in 甲打败了谁 and 谁打败了甲 two parts change places around a third, and with them their roles.
    """
    first, second = one.tokens, other.tokens
    same_start = _common(first, second)
    same_end = _common(first[::-1], second[::-1])
    for start in range(same_start, -1, -1):  # what both begin with may belong to a part that moved
        for end in range(len(first) - same_end, len(first) + 1):
            before, after = first[start:end], second[start:end]
            for cut in _cuts(before, after):
                if any(_may_move(part, one, other) for part in (before[:cut], before[cut:])):
                    return True
    return False


def _common(one: Tokens, other: Tokens) -> int:
    """Return how many tokens both begin with."""
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def _cuts(before: Tokens, after: Tokens) -> Iterator[int]:
    """Yield where ``before`` can be cut so that its two parts, changed round, are ``after``."""
    for cut in range(1, len(before)):
        if before[cut] == after[0] and after == before[cut:] + before[:cut]:
            yield cut


def _may_move(part: Tokens, one: Wording, other: Wording) -> bool:
    if any(token.startswith(_MARK) for token in part):
        return True
    if part in one.clauses or part in other.clauses or (len(part) == 1 and part[0] in _rules().auxiliaries):
        return True
    return bool(_IS_CJK.match(part[0]) and _rules().adverbial.search("".join(part)))
