"""An answer in which a correction took part, or that was corrected since: its badge, and the ways out of it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb_app.app import App
from kb_app.models import Correction, Message
from kb_app.ui.branches import Branches
from kb_app.ui.components import flash
from kb_app.ui.corrections_state import OPEN, RETURN
from kb_app.ui.markup import plain, safe, short
from kb_app.ui.navigation import go_to
from kb_app.ui.reader import anchor
from kb_app.ui.text import t


def correction_note(app: App, message: Message, question: str, branches: Branches) -> None:
    """Say that the answer is a correction, or was made with one; offer the model's own and the correction itself."""
    if not message.reuse or message.correction_id is None:
        return
    colour = "green" if message.reuse == "exact" else "blue"
    word = t(f"corrected.{message.reuse}")
    if message.reuse == "exact":
        word = _signed(app.corrections.of_ids([message.correction_id]).get(message.correction_id))
    with st.container(key=f"corrected_{message.id}", horizontal=True, vertical_alignment="center"):
        st.markdown(f":{colour}-badge[:material/verified: {word}]", width="content")
        st.button(
            t("corrected.ask_model" if message.reuse == "exact" else "corrected.ask_without"),
            key=f"ask_model_{message.id}",
            type="tertiary",
            icon=":material/smart_toy:",
            on_click=branches.ask_model,
            args=(message,),
        )
        st.button(
            t("corrected.not_helpful"),
            key=f"not_helpful_{message.id}",
            type="tertiary",
            icon=":material/thumb_down:",
            help=t("corrected.not_helpful_help"),
            on_click=_not_helpful,
            args=(app, message, question),
        )
        st.button(
            t("corrected.open"),
            key=f"open_correction_{message.id}",
            type="tertiary",
            icon=":material/rule:",
            on_click=_open,
            args=(message.correction_id, message.id),
        )


def _not_helpful(app: App, message: Message, question: str) -> None:
    app.reuse.not_helpful(message, question)
    flash(t("corrected.noted"))


def corrections_since(app: App, messages: Sequence[Message]) -> Mapping[str, Correction]:
    """Return message id -> what is right instead, of those answers that were wrong and have been corrected."""
    found = app.corrections.of_messages([message.id for message in messages if message.role == "assistant"])
    return {key: one for key, one in found.items() if one.status == "approved" and not one.stale}


def corrected_since(message: Message, correction: Correction) -> None:
    """Draw the right answer where the wrong one stood; passages that both rest on open as before."""
    with st.container(key=f"corrected_{message.id}", horizontal=True, vertical_alignment="center"):
        st.markdown(f":green-badge[:material/verified: {_signed(correction)}]", width="content")
        st.button(
            t("corrected.open"),
            key=f"open_correction_{message.id}",
            type="tertiary",
            icon=":material/rule:",
            on_click=_open,
            args=(correction.id, message.id),
        )
    known = {source.chunk_id: source.marker for source in message.sources}
    same = {source.marker for source in correction.sources if known.get(source.chunk_id) == source.marker}
    st.markdown(safe(correction.chosen, same, anchor(message.id)))


def _signed(correction: Correction | None) -> str:
    """Return the words of the badge, with who wrote the correction where that is known."""
    name = (correction.author or correction.reviewer) if correction is not None else ""
    return t("corrected.exact_by", name=plain(short(name, 40))) if name else t("corrected.exact")


def _open(correction_id: str, message_id: str) -> None:
    OPEN.set(f"c:{correction_id}")
    RETURN.set(message_id)
    go_to("corrections")
