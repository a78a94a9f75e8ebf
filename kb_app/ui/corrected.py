"""An answer in which a correction took part: its badge, and the ways out of it."""

import streamlit as st

from kb_app.app import App
from kb_app.models import Message
from kb_app.ui.branches import Branches
from kb_app.ui.components import flash
from kb_app.ui.corrections_state import OPEN
from kb_app.ui.navigation import go_to
from kb_app.ui.text import t


def correction_note(app: App, message: Message, question: str, branches: Branches) -> None:
    """Say that the answer is a correction, or was made with one; offer the model's own and the correction itself."""
    if not message.reuse or message.correction_id is None:
        return
    colour = "green" if message.reuse == "exact" else "blue"
    with st.container(key=f"corrected_{message.id}", horizontal=True, vertical_alignment="center"):
        st.markdown(f":{colour}-badge[:material/verified: {t(f'corrected.{message.reuse}')}]", width="content")
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
            args=(message.correction_id,),
        )


def _not_helpful(app: App, message: Message, question: str) -> None:
    app.reuse.not_helpful(message, question)
    flash(t("corrected.noted"))


def _open(correction_id: str) -> None:
    OPEN.set(f"c:{correction_id}")
    go_to("corrections")
