"""The reader's verdict under an answer, and the way from a wrong answer to its correction."""

from typing import get_args

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import Message, Rating, WrongReason
from kb_app.ui.components import flash_error
from kb_app.ui.navigation import go_to, has_page
from kb_app.ui.state import CORRECT, RATING, set_widget, widget
from kb_app.ui.text import t

_REASONS: tuple[WrongReason, ...] = get_args(WrongReason)
_GOOD, _BAD = 1, 0
_NOTE_LIMIT = 2000


def rating_row(app: App, message: Message) -> None:
    """Draw thumbs, the reasons of a bad verdict, and the button that opens the correction of this answer."""
    rating = message.rating
    key = f"thumbs_{message.id}"
    set_widget(key, None if rating is None else _GOOD if rating.verdict == "good" else _BAD)
    st.feedback("thumbs", key=key, on_change=_thumb, args=(app, message, key))
    if rating is not None and rating.verdict == "bad" and RATING.get() != message.id:
        st.button(
            t("rating.why_short"),
            key=f"why_{message.id}",
            type="tertiary",
            icon=":material/edit_note:",
            on_click=RATING.set,
            args=(message.id,),
        )
    if has_page("corrections"):
        st.button(
            t("rating.correct"),
            key=f"correct_{message.id}",
            type="tertiary",
            icon=":material/rule:",
            help=t("rating.correct_help"),
            on_click=_correct,
            args=(message.id,),
        )


def reasons_form(app: App, message: Message) -> None:
    """Ask what was wrong with an answer, right after its thumb went down, or on request."""
    rating = message.rating
    if rating is None or rating.verdict != "bad" or RATING.get() != message.id:
        return
    keys = (f"reasons_{message.id}", f"rating_note_{message.id}")
    with st.form(f"rating_{message.id}", border=True):
        st.pills(
            t("rating.reasons"),
            options=_REASONS,
            selection_mode="multi",
            default=list(rating.reasons),
            format_func=lambda reason: t(f"reason.{reason}"),
            key=keys[0],
        )
        st.text_area(t("rating.note"), value=rating.note, max_chars=_NOTE_LIMIT, height=80, key=keys[1])
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.form_submit_button(t("common.cancel"), on_click=RATING.reset, key=f"rating_cancel_{message.id}")
            st.form_submit_button(
                t("common.save"),
                type="primary",
                key=f"rating_save_{message.id}",
                on_click=_explain,
                args=(app, message, keys),
            )


def _thumb(app: App, message: Message, key: str) -> None:
    thumb = widget(key)
    if thumb is None:
        rating = None
    elif thumb == _GOOD:
        rating = Rating(verdict="good")
    else:
        rating = Rating(verdict="bad")
    RATING.set(message.id if thumb == _BAD else "")
    _rate(app, message.id, rating)


def _explain(app: App, message: Message, keys: tuple[str, str]) -> None:
    reasons, note = widget(keys[0]), str(widget(keys[1]) or "").strip()
    assert isinstance(reasons, list)
    chosen = tuple(reason for reason in _REASONS if reason in reasons)
    RATING.reset()
    _rate(app, message.id, Rating(verdict="bad", reasons=chosen, note=note[:_NOTE_LIMIT]))


def _rate(app: App, message_id: str, rating: Rating | None) -> None:
    try:
        app.history.rate(message_id, rating)
    except NotFoundError as error:
        flash_error(error)


def _correct(message_id: str) -> None:
    CORRECT.set(message_id)
    go_to("corrections")
