"""Messages of a conversation: saved ones, and the one that is being written."""

from collections.abc import Sequence
from contextlib import nullcontext

import streamlit as st

from kb_app.app import App
from kb_app.models import Message
from kb_app.ui.answer_phase import waiting_line
from kb_app.ui.branches import Branches
from kb_app.ui.components import error_box
from kb_app.ui.markup import closed, plain, safe
from kb_app.ui.model_choice import model_name
from kb_app.ui.rating import rating_row, reasons_form
from kb_app.ui.reader import anchor
from kb_app.ui.sources import source_list
from kb_app.ui.state import MESSAGE
from kb_app.ui.text import t

_USER_ICON = ":material/person:"
_ASSISTANT_ICON = ":material/auto_stories:"
_CURSOR = " ▍"
_REFRESH_S = 0.25
_HIGH_CONFIDENCE, _MEDIUM_CONFIDENCE = 0.66, 0.33


def show_messages(app: App, messages: Sequence[Message], branches: Branches) -> None:
    """Show saved messages in order, each with the tools of ``branches``."""
    question = ""
    for message in messages:
        is_found = message.id == MESSAGE.get()
        with st.container(key=f"found_{message.id}") if is_found else nullcontext():
            if message.role == "user":
                question = message.text
                _show_question(message, branches)
            else:
                _show_answer(app, message, question, branches)


def _show_question(message: Message, branches: Branches) -> None:
    with st.container(key=f"question_{message.id}"), st.chat_message("user", avatar=_USER_ICON):
        if not branches.edit_box(message):
            st.markdown(plain(message.text))
            branches.question_tools(message)


def _show_answer(app: App, message: Message, question: str, branches: Branches) -> None:
    with st.chat_message("assistant", avatar=_ASSISTANT_ICON):
        if message.thinking:
            with st.expander(t("answer.thinking"), icon=":material/psychology:"):
                st.markdown(safe(message.thinking))
        if message.text:
            st.markdown(safe(message.text, _markers(message), anchor(message.id)))
        _status(message)
        if message.status in ("stopped", "interrupted", "failed") and question:
            st.button(
                t("answer.again"),
                key=f"again_{message.id}",
                icon=":material/refresh:",
                on_click=branches.ask_again,
                args=(message,),
            )
        source_list(message)
        _details(message, question)
        with st.container(key=f"actions_{message.id}", horizontal=True, vertical_alignment="center"):
            rating_row(app, message)
            branches.answer_tools(message)
        reasons_form(app, message)


def _markers(message: Message) -> set[int]:
    return {source.marker for source in message.sources}


def _status(message: Message) -> None:
    match message.status:
        case "stopped":
            st.caption(f":material/stop_circle: {t('answer.stopped')}")
        case "interrupted" | "streaming":
            st.caption(f":material/warning: {t('answer.interrupted')}")
        case "failed" if message.error is None:
            st.caption(f":material/error: {t('answer.failed')}")
        case "no_sources":
            if not message.text:
                st.markdown(t("answer.no_sources"))
            if message.query and message.query not in message.text:
                st.caption(f":material/search: {t('answer.looked_for', query=plain(message.query))}")
    if message.error is not None:
        error_box(message.error)


def _details(message: Message, question: str) -> None:
    if question and message.query not in ("", question) and message.status != "no_sources":
        st.caption(f":material/search: {t('answer.looked_for', query=plain(message.query))}")
    parts = [plain(model_name(message.model_id))] if message.model_id else []
    if message.elapsed_s is not None:
        parts.append(t("answer.seconds", seconds=f"{message.elapsed_s:.1f}"))
    if message.confidence is not None and message.status != "no_sources":
        parts.append(t(f"answer.confidence_{_confidence_level(message.confidence)}"))
    if parts:
        with st.container(key=f"details_{message.id}"):
            st.caption(" · ".join(parts))


def _confidence_level(confidence: float) -> str:
    if confidence >= _HIGH_CONFIDENCE:
        return "high"
    return "medium" if confidence >= _MEDIUM_CONFIDENCE else "low"


def live_answer(app: App, conversation_id: str) -> None:
    """Show the answer that is being written, four times a second, until it ends; then redraw the page."""
    st.fragment(run_every=_REFRESH_S)(_live_answer)(app, conversation_id)


def stop_button(app: App, conversation_id: str) -> None:
    """Draw the button that ends the running answer, above the input, where it does not move while text grows."""
    generation = app.answering.running(conversation_id)
    if generation is not None:
        with st.bottom, st.container(horizontal=True, horizontal_alignment="center"):
            st.button(t("answer.stop"), key="stop", icon=":material/stop_circle:", on_click=generation.stop)


def _live_answer(app: App, conversation_id: str) -> None:
    generation = app.answering.running(conversation_id)
    if generation is None or not generation.is_running:
        st.rerun()
    message = generation.snapshot()
    with st.chat_message("assistant", avatar=_ASSISTANT_ICON):
        if message.thinking:
            label = t("answer.thinking" if message.text else "answer.thinking_now")
            with st.expander(label, icon=":material/psychology:"):
                st.markdown(safe(closed(message.thinking)))
        if message.text:
            st.markdown(safe(closed(message.text) + _CURSOR, _markers(message), anchor(message.id)))
        elif not message.thinking:
            waiting_line(generation.phase(), message)
