"""Formulas of Word files, which Mammoth drops without a word, as plain text in their place: ``(a+b)/2``, ``x^2``."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

from ingestion.load.archive import read_member
from ingestion.load.safe_xml import attribute, local_name, parse_xml

_DOCUMENT_PART = "word/document.xml"
_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_MAX_DEPTH = 50


def with_formulas_as_text(data: bytes) -> bytes:
    """Return the package with each formula of its main text as a run of text; unchanged where there is none.

    Raises:
        DamagedError: the main text is broken.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if _DOCUMENT_PART not in archive.namelist():
            return data
        source = read_member(archive, _DOCUMENT_PART)
        if _MATH.encode() not in source:
            return data
        from lxml import etree  # type: ignore[import-untyped]

        root = parse_xml(source)
        formulas = list(root.iter(f"{{{_MATH}}}oMath"))
        if not formulas:
            return data
        for formula in formulas:
            _replace(formula)
        changed = io.BytesIO()
        with zipfile.ZipFile(changed, "w") as target:
            for name in dict.fromkeys(archive.namelist()):
                target.writestr(name, etree.tostring(root) if name == _DOCUMENT_PART else read_member(archive, name))
    return changed.getvalue()


def _replace(formula: Any) -> None:
    """Put a run with the formula's text in its place; also out of the ``oMathPara`` around it, which Mammoth skips."""
    outer = formula.getparent()
    word = next((e.tag.rpartition("}")[0] for e in formula.iterancestors() if local_name(e) == "document"), "")
    run = formula.makeelement(f"{word}}}r")
    text = formula.makeelement(f"{word}}}t")
    text.text = _text(formula)
    run.append(text)
    if local_name(outer) == "oMathPara":
        outer.addprevious(run)
    else:
        formula.addprevious(run)
    outer.remove(formula)


def _text(element: Any, depth: int = 0) -> str:
    """Return a formula in one line."""
    if depth > _MAX_DEPTH:
        return "".join(element.itertext())
    name = local_name(element)
    if name == "t":
        return element.text or ""
    parts = {local_name(child): _text(child, depth + 1) for child in element} if name in _FORMS else {}
    if name in _FORMS:
        return _FORMS[name](parts)
    if name == "d":
        cells = [_text(child, depth + 1) for child in element if local_name(child) == "e"]
        return f"({', '.join(cells)})"
    if name == "nary":
        return _nary(element, depth)
    return "".join(_text(child, depth + 1) for child in element)


def _nary(element: Any, depth: int) -> str:
    """Return a sum, product or integral with its limits."""
    signs = [attribute(child, "val") for child in element.iter(f"{{{_MATH}}}chr")]
    parts = {local_name(child): _text(child, depth + 1) for child in element}
    low, high = parts.get("sub", ""), parts.get("sup", "")
    limits = (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")
    return f"{signs[0] if signs else '∫'}{limits} {parts.get('e', '')}"


def _grouped(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


_FORMS: dict[str, Callable[[dict[str, str]], str]] = {
    "f": lambda parts: f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}",
    "sSup": lambda parts: f"{parts.get('e', '')}^{_grouped(parts.get('sup', ''))}",
    "sSub": lambda parts: f"{parts.get('e', '')}_{_grouped(parts.get('sub', ''))}",
    "sSubSup": lambda parts: f"{parts.get('e', '')}_{_grouped(parts.get('sub', ''))}^{_grouped(parts.get('sup', ''))}",
    "rad": lambda parts: f"√{_grouped(parts.get('e', ''))}",
}
