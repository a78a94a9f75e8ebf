"""Untrusted text made fit for Streamlit's Markdown. Pure functions.

Model answers, passages, document and base names are data. ``safe`` is for text that may keep its Markdown
(answers); ``plain`` shows text literally (questions); ``label`` is for one-line labels (buttons, expanders).
"""

import re
from collections.abc import Collection

from kb_app.services.answers.citations import MARKER

_ZERO_WIDTH_SPACE = "\u200b"
_HAIR_SPACE = "\u200a"
_ELLIPSIS = "…"
_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*\s*?$|\Z)"  # fenced
    r"|(?P<ticks>`+).+?(?P=ticks)"  # inline
    r"|\$\$.+?\$\$|\$(?!\s)[^$\n]*(?<![\s$\\])\$(?!\d)",  # formulas keep their characters as well
    re.S | re.M,
)
#: Formulas as many models write them, ``\\( x \\)``, ``\\[ x \\]`` and ``$ x^2 $``, none of which Streamlit knows.
_FORMULA = re.compile(
    rf"(?P<code>{_CODE.pattern})"
    r"|(?<!\\)\\\((?P<inline>[^\n]{1,300}?)\\\)"
    r"|(?<!\\)\\\[(?P<block>.{1,600}?)\\\]"
    r"|\$ +(?P<spaced>[^$\n]*[\\^_=][^$\n]*?) +\$(?!\d)",
    re.S | re.M,
)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<!--.*?-->", re.S)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?:\*\*)?(.+?)(?:\*\*)?[ \t#]*$", re.M)
#: What Markdown puts before a quotation, a heading or an item; what it puts around bold words and code.
_BLOCK_MARK = re.compile(r"^[ \t]*(?:>[ \t]?|#{1,6}[ \t]|[-*+][ \t])+", re.M)
_INLINE_MARK = re.compile(r"\*\*|`+")
_TEX = re.compile(r"[\\^_=<>+]")
_LINE_END = re.compile(r"\r\n?")
# CommonMark's link label: up to 999 characters, brackets only behind a backslash. A byte order mark is skipped.
_REFERENCE_DEFINITION = re.compile(r"^([\ufeff \t>*+\-\d.)]*\[(?:[^\[\]\\]|\\.){0,999}\]):", re.M | re.S)
_SPECIAL_IN_PROSE = re.compile(
    r"(?<![A-Za-z])(?P<address>(?:https?://|www\.)(?:(?!\[\d{1,3}\])[^\s<，。！？；：、（）《》【】「」“”…]){1,2000})"
    r"(?P<end><|(?=[\[，。！？；：、（）《》【】「」“”…]))?"
    r"|<"
    r"|(?<!\\)\$"
    r"|(?<![~\\])~(?!~)",
    re.I,
)
_BOLD = re.compile(r"(?<!\*)\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*(?!\*)")
_PUNCTUATION = "，。！？；：、（）《》〈〉【】「」『』“”‘’…—"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>~$:&|!])")
_LINE_START = re.compile(r"^( *)([#+=-]|\d+(?=[.)]))(?P<list>[.)]?)")
_INDENT = re.compile(r"^[ \t]+")
_NO_BREAK_SPACE = "\u00a0"


def safe(text: str, markers: Collection[int] = (), anchor: str = "") -> str:
    """Return Markdown that loads nothing and defines no links; ``markers`` in it become links to ``anchor`` + marker.

    Images and link reference definitions are broken everywhere, also inside code: a cleaner that skips code
    can be led astray by an unclosed fence. HTML, tildes, CJK emphasis and markers change outside code only.
    """
    text = _LINE_END.sub("\n", text)
    text = text.replace("![", f"!{_ZERO_WIDTH_SPACE}[")
    text = _REFERENCE_DEFINITION.sub(rf"\1{_ZERO_WIDTH_SPACE}:", text)
    if "\\)" in text or "\\]" in text or "$ " in text:
        text = _FORMULA.sub(_formula, text)
    parts: list[str] = []
    position = 0
    for code in _CODE.finditer(text):
        parts += (_prose(text[position : code.start()], markers, anchor), code.group())
        position = code.end()
    parts.append(_prose(text[position:], markers, anchor))
    return "".join(parts)


def _formula(match: re.Match[str]) -> str:
    """Brackets and parentheses behind backslashes are escapes, unless there is TeX between them."""
    words = match["inline"] or match["block"] or match["spaced"]
    if not words or not _TEX.search(words):
        return match[0]
    return f"$${words.strip()}$$" if match["block"] else f"${words.strip()}$"


def _prose(text: str, markers: Collection[int], anchor: str) -> str:
    text = _SPECIAL_IN_PROSE.sub(_escaped, text)
    text = _BOLD.sub(_spaced_bold, text)
    return MARKER.sub(lambda match: _citation(match, markers, anchor), text)


def _escaped(match: re.Match[str]) -> str:
    """A bare address is linked up to the next space, a Chinese full stop or a marker included: it gets one before them.

    Backslashes and entities would be linked as well, so it keeps its own tildes.
    """
    address, end = match["address"], match["end"]
    if not address:
        return rf"\{match[0]}"
    is_target = not end and match.string[: match.start()].endswith("](")  # of a link that is written out
    return address if end is None or is_target else address + _HAIR_SPACE + end.replace("<", r"\<")


def _citation(match: re.Match[str], markers: Collection[int], anchor: str) -> str:
    marker = int(match[1])
    return f"[{marker}]({anchor}{marker})" if marker in markers else match[0]


def _spaced_bold(match: re.Match[str]) -> str:
    """CommonMark leaves ``**（…）**字`` unbold: a delimiter next to CJK punctuation needs a space outside."""
    inner = match[1]
    before = _HAIR_SPACE if inner[0] in _PUNCTUATION else ""
    after = _HAIR_SPACE if inner[-1] in _PUNCTUATION else ""
    return f"{before}{match[0]}{after}"


def readable(text: str) -> str:
    """Return a passage of a Markdown document drawn as what it says: headings in bold, no HTML, nothing left open."""
    parts: list[str] = []
    position = 0
    for code in _CODE.finditer(text):
        parts += (_without_tags(text[position : code.start()]), code.group())
        position = code.end()
    parts.append(_without_tags(text[position:]))
    return safe(closed("".join(parts)))


def unmarked(text: str) -> str:
    """Return the words of a Markdown text without the marks that begin its lines or make words bold or code."""
    return _INLINE_MARK.sub("", _BLOCK_MARK.sub(" ", text))


def _without_tags(text: str) -> str:
    return _HEADING.sub(r"**\1**", _TAG.sub("", text))


def closed(text: str) -> str:
    """Return text that is still growing with its open code fence or bold run closed, so it renders calmly."""
    if len(re.findall(r"^ {0,3}```", text, re.M)) % 2:
        return f"{text}\n```"
    last_line = text.rsplit("\n", 1)[-1]
    return f"{text}**" if last_line.count("**") % 2 else text


def plain(text: str) -> str:
    """Return Markdown that shows ``text`` literally, with its line breaks and indents."""
    return "  \n".join(_literal(line) for line in text.splitlines())


def _literal(line: str) -> str:
    line = _INDENT.sub(lambda spaces: _NO_BREAK_SPACE * len(spaces[0].expandtabs(4)), line.rstrip())
    line = _SPECIAL.sub(r"\\\1", line)
    return _LINE_START.sub(_unstarted, line)


def _unstarted(match: re.Match[str]) -> str:
    """A line may not begin as a heading, a list or a rule: its mark, or the dot after its number, is escaped."""
    spaces, start, dot = match.groups()
    return f"{spaces}{start}\\{dot}" if dot else f"{spaces}\\{start}"


def label(text: str, limit: int = 60) -> str:
    """Return ``text`` as one line of at most ``limit`` characters for a Markdown label, shown literally."""
    return _literal(_without_autolinks(short(text, limit)))


def short(text: str, limit: int) -> str:
    """Return ``text`` as one line of at most ``limit`` characters, for places that know no Markdown."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _ELLIPSIS


def _without_autolinks(line: str) -> str:
    """GitHub's dialect links bare addresses even where every character is escaped."""
    line = line.replace("://", f":{_ZERO_WIDTH_SPACE}//")
    return re.sub(r"\bwww\.", f"www{_ZERO_WIDTH_SPACE}.", line)
