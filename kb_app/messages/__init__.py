"""Every sentence a user can read, in one catalogue per language: the files of ``zh/`` and ``en/``, one per subject.

Both languages hold the same keys, in files of the same names. Keys are dotted paths (``error.scanned.message``); values
are ``str.format`` templates with named fields. ``{count} {count:page|pages}`` gives "1 page" and "2 pages".
"""

import functools
import string
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Literal, NamedTuple

from kb_app.models import ErrorInfo, Notice

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class ErrorText(NamedTuple):
    """What happened, and what to do about it; ``hint`` may be empty."""

    message: str
    hint: str


@functools.cache
def catalogue(language: Language) -> dict[str, str]:
    """Return the whole catalogue of ``language`` as dotted key -> template."""
    entries: dict[str, str] = {}
    for file in resources.files(__name__).joinpath(language).iterdir():
        if file.name.endswith(".toml"):
            entries |= _flatten("", tomllib.loads(file.read_text(encoding="utf-8")))
    return entries


def _flatten(prefix: str, table: dict[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flatten(f"{prefix}{name}.", value)
        else:
            found.append((prefix + name, str(value)))
    return found


def translate(language: Language, key: str, /, **params: str | int | float) -> str:
    """Return the sentence for ``key``. Raises KeyError for an unknown key or a missing field."""
    return _fill(catalogue(language)[key], params)


class _Templates(string.Formatter):
    """``str.format`` that picks the word for one, or for any other number, in ``{count:page|pages}``."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, is_choice, other = format_spec.partition("|")
        if not is_choice:
            return str(super().format_field(value, format_spec))
        return one if value == 1 else other


_TEMPLATES = _Templates()


def _fill(template: str, params: Mapping[str, str | int | float]) -> str:
    return _TEMPLATES.vformat(template, (), params)


def error_text(language: Language, error: ErrorInfo) -> ErrorText:
    """Return the sentences for a failure; its params fill both. Raises KeyError for an unknown code."""
    entries = catalogue(language)
    params = dict(error.params)
    return ErrorText(
        _fill(entries[f"error.{error.code}.message"], params),
        _fill(entries.get(f"error.{error.code}.hint", ""), params),
    )


def notice_text(language: Language, notice: Notice) -> str:
    """Return the sentence of a notice."""
    return translate(language, f"notice.{notice.key}", **notice.params)


def pick_language(locale: str | None) -> Language:
    """Return the catalogue for a browser or system locale: Chinese for ``zh*``, else English."""
    return "zh" if (locale or "").lower().startswith("zh") else "en"
