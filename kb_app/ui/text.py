"""The reader's language and the sentences in it."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from ingestion.errors import IngestionError
from kb_app.errors import KBAppError, error_info
from kb_app.messages import LANGUAGES, ErrorText, Language, error_text, pick_language, translate
from kb_app.models import ErrorInfo
from kb_app.ui.state import LANGUAGE, SET_LANGUAGE, SETTLED_LANGUAGE, adopt_url


def language() -> Language:
    """Return the reader's language, as it was settled at the beginning of this run of the page."""
    settled = SETTLED_LANGUAGE.get()
    return settled if settled is not None else settle_language()


def settle_language() -> Language:
    """Find the language of this run out: ``?lang=`` (set by the switch), else the settings', else the browser's."""
    chosen = _chosen_language()
    SETTLED_LANGUAGE.set(chosen)
    return chosen


def _chosen_language() -> Language:
    for choice in (adopt_url(LANGUAGE), SET_LANGUAGE.get()):
        for known in LANGUAGES:
            if choice == known:
                return known
    return pick_language(st.context.locale)


def t(key: str, /, **params: str | int | float) -> str:
    """Return the sentence ``ui.<key>`` in the reader's language. Raises KeyError for an unknown key."""
    return translate(language(), f"ui.{key}", **params)


def describe(error: ErrorInfo | KBAppError | IngestionError) -> ErrorText:
    """Return what went wrong and what to do about it, in the reader's language."""
    info = error if isinstance(error, ErrorInfo) else error_info(error)
    return error_text(language(), info)


def file_size(byte_count: int) -> str:
    """Return a size for people, such as ``3.9 MB`` (powers of 1000)."""
    size = float(byte_count)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def local_time(timestamp: str) -> str:
    """Return a stored UTC time as ``YYYY-MM-DD HH:MM`` in the browser's time zone."""
    moment = datetime.fromisoformat(timestamp)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    offset = st.context.timezone_offset
    if offset is not None:
        moment = moment.astimezone(UTC) - timedelta(minutes=offset)
    return f"{moment:%Y-%m-%d %H:%M}"
