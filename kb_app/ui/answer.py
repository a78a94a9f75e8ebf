"""Messages of a conversation: saved ones, and the one that is being written."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from functools import lru_cache

import streamlit as st

from ingestion.sentences import Span
from kb_app.app import App
from kb_app.models import Correction, Message, Source
from kb_app.services.answers.generation import Generation
from kb_app.services.answers.support import unsupported
from kb_app.ui.answer_phase import waiting_line
from kb_app.ui.attaching import attached_line, attachment_problems
from kb_app.ui.branches import Branches
from kb_app.ui.components import error_box
from kb_app.ui.corrected import corrected_since, correction_note, corrections_since
from kb_app.ui.details import details
from kb_app.ui.markup import closed, plain, safe
from kb_app.ui.model_choice import QUOTE_MODEL
from kb_app.ui.pieces import drawn, growing
from kb_app.ui.rating import rating_row, reasons_form
from kb_app.ui.reader import anchor
from kb_app.ui.sources import copy_button, source_list
from kb_app.ui.state import MESSAGE
from kb_app.ui.text import t

_USER_ICON = ":material/person:"
_ASSISTANT_ICON = ":material/auto_stories:"
_REFRESH_S = 0.25
#: How long the run that begins an answer waits for its first words: cheaper than to look again and again, and with many
#: readers at once no later than the next look would be. A click on the stop button has to wait for it.
_PATIENCE_S, _PATIENCE_PER_ANSWER_S = 1.0, 0.1
#: With many readers at once each looks more seldom, so that together they leave the server time to answer.
_REFRESH_PER_ANSWER_S, _LONGEST_REFRESH_S = 0.04, 1.0
#: Where a sign comes to stand, as one character that no text has a use for; then the sign itself.
_SIGN_PLACE, _SIGN = "\ue000", " :orange[:material/help:]"


def show_messages(app: App, messages: Sequence[Message], branches: Branches) -> None:
    """Show saved messages in order, each with the tools of ``branches``; a question and its answers are one block.

    The newest turn is drawn as such a block as well, so the browser keeps what it shows when it becomes one of these.
    """
    question, right = "", corrections_since(app, messages)
    for turn in _turns(messages):
        with st.container():
            for message in turn:
                is_found = message.id == MESSAGE.get()
                with st.container(key=f"found_{message.id}") if is_found else nullcontext():
                    if message.role == "user":
                        question = message.text
                        show_question(message, branches)
                    else:
                        _show_answer(app, message, question, branches, right.get(message.id))


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def show_question(message: Message, branches: Branches) -> None:
    """Show a question with its tools, or the box in which it is edited."""
    with st.container(key=f"question_{message.id}"), st.chat_message("user", avatar=_USER_ICON):
        if not branches.edit_box(message):
            st.markdown(plain(message.text))
            attached_line(message)
            branches.question_tools(message)


def _show_answer(app: App, message: Message, question: str, branches: Branches, right: Correction | None) -> None:
    with st.container(), st.chat_message("assistant", avatar=_ASSISTANT_ICON):
        with st.container():  # both as while it was being written: the browser keeps what it shows
            if message.thinking:
                with st.expander(t("answer.thinking"), icon=":material/psychology:"):
                    st.markdown(safe(message.thinking))
            correction_note(app, message, question, branches)
            if right is not None:
                corrected_since(message, right)
            with nullcontext() if right is None else st.expander(t("corrected.before"), icon=":material/history:"):
                if message.text:
                    _text(message, question)
        _status(message)
        attachment_problems(message)
        if message.status in ("stopped", "interrupted", "failed") and question:
            st.button(
                t("answer.again"),
                key=f"retry_{message.id}",
                icon=":material/refresh:",
                on_click=branches.ask_again,
                args=(message,),
            )
        if message.status == "no_sources" and message.sources and question:
            st.button(
                t("answer.anyway"),
                key=f"anyway_{message.id}",
                icon=":material/format_quote:",
                on_click=branches.ask_anyway,
                args=(message,),
            )
        if question and message.query not in ("", question) and message.status != "no_sources":
            st.caption(f":material/search: {t('answer.looked_for', query=plain(message.query))}")
        source_list(message)
        with st.container(key=f"actions_{message.id}", horizontal=True, vertical_alignment="center"):
            rating_row(app, message)
            copy_button(message)
            branches.answer_tools(message)
        reasons_form(app, message)
        details(message, branches)


def _markers(message: Message) -> set[int]:
    return {source.marker for source in message.sources}


def _status(message: Message) -> None:
    match message.status:
        case "stopped":
            st.caption(f":material/stop_circle: {t('answer.stopped' if message.text else 'answer.stopped_early')}")
        case "interrupted" | "streaming" if message.error is None:  # the error says it as well
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


@lru_cache(maxsize=500)
def _unsupported(text: str, question: str, sources: tuple[Source, ...]) -> tuple[Span, ...]:
    return unsupported(text, question, sources)


def _text(message: Message, question: str) -> None:
    """Draw the answer; behind each sentence its passages do not seem to hold stands a sign."""
    is_checked = message.status == "complete" and message.model_id != QUOTE_MODEL and not message.reuse
    spans = _unsupported(message.text, question, message.sources) if is_checked else ()
    text = message.text.replace(_SIGN_PLACE, "")
    for _, end in reversed(spans if text == message.text else ()):
        text = f"{text[:end]}{_SIGN_PLACE}{text[end:]}"
    for piece in drawn(text, _markers(message), anchor(message.id)):
        st.markdown(piece.replace(_SIGN_PLACE, f"{_SIGN} "))
    if spans:
        st.caption(f"{_SIGN} {t('answer.unsupported', count=len(spans))}", help=t("answer.unsupported_help"))


def live_answer(app: App, generation: Generation, *, is_alone: bool) -> None:
    """Show the answer that is being written, up to four times a second, until it ends; then redraw the page.

    ``is_alone``: nothing else is being drawn that would wait for its first words, so this run may.
    """
    running = app.answering.running_count()
    refresh_s = max(_REFRESH_S, min(_LONGEST_REFRESH_S, _REFRESH_PER_ANSWER_S * running))
    until = time.monotonic() + (_PATIENCE_S + _PATIENCE_PER_ANSWER_S * running if is_alone else 0)
    st.fragment(run_every=refresh_s)(_live_answer)(generation, until)


def _live_answer(generation: Generation, until: float) -> None:
    if not generation.is_running:
        st.rerun()
    with st.chat_message("assistant", avatar=_ASSISTANT_ICON):
        words = st.container()
        message = generation.snapshot()
        if not (message.text or message.thinking):
            message = _first_words(generation, until)
        with words:
            _words_so_far(message)


def _first_words(generation: Generation, until: float) -> Message:
    """Say what the answer waits for until its first words come, or until then (monotonic), whichever is first."""
    waiting = st.empty()
    while True:
        with waiting:
            waiting_line(generation.phase(), generation.snapshot())
        message = generation.wait_for_words(_REFRESH_S)
        if message.text or message.thinking:
            waiting.empty()
        elif generation.is_running and time.monotonic() < until:
            continue
        return message


def _words_so_far(message: Message) -> None:
    if message.thinking:
        label = t("answer.thinking" if message.text else "answer.thinking_now")
        with st.expander(label, icon=":material/psychology:"):
            st.markdown(safe(closed(message.thinking)))
    if message.text:
        for piece in growing(message.text, _markers(message), anchor(message.id)):
            st.markdown(piece)
