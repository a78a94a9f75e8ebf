"""The newest turn of a conversation, redrawn without the page around it.

A question changes nothing else, and drawing the whole page is what takes a server with many readers the longest. So
this part is a fragment: a question runs it alone, and once the answer has ended the page is drawn anew, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb_app.app import App
from kb_app.models import KnowledgeBase, Message
from kb_app.pacing import INTERPRETER
from kb_app.services.answers.generation import Generation
from kb_app.ui.answer import live_answer, show_question
from kb_app.ui.asking import NEWEST_TURN, ask_here, scope
from kb_app.ui.branches import Branches
from kb_app.ui.first_run import example_questions, next_questions
from kb_app.ui.jobs import is_busy, job_progress
from kb_app.ui.navigation import go_to
from kb_app.ui.state import ASKED, CHAT
from kb_app.ui.text import t


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """What the page shows of the conversation above its newest turn.

    ``is_end``: no other messages lie between. ``is_awaiting``: the turn was being answered already when the page was
    drawn. ``is_known``: the conversation that the address names exists.
    """

    messages: Sequence[Message] = ()
    is_end: bool = True
    is_awaiting: bool = False
    is_known: bool = True


def newest_turn(app: App, bases: Sequence[KnowledgeBase], above: Above) -> None:
    """Draw what is being answered, or what could be asked next. To be drawn before the question box."""
    st.fragment(_newest_turn, key=NEWEST_TURN)(app, bases, above, st.bottom.container())


def _newest_turn(app: App, bases: Sequence[KnowledgeBase], above: Above, below: DeltaGenerator) -> None:
    generation = app.answering.running(CHAT.get())
    if generation is None and ASKED.get():
        st.rerun()  # it has ended: the page shows it with its tools
    with INTERPRETER.turn():
        if generation is None:
            _suggestions(app, bases, above)
        elif above.is_end:
            _question(app, bases, generation)
        else:
            st.caption(f":material/hourglass_top: {t('history.busy_elsewhere')}")
        with below:  # in every run: Streamlit keeps the place only where the run of the page wrote to it
            _stop_button(generation)
    if generation is not None and above.is_end:
        live_answer(app, generation, is_alone=not above.is_awaiting)


def _question(app: App, bases: Sequence[KnowledgeBase], generation: Generation) -> None:
    view = app.history.view(generation.conversation_id, 2)
    branches = Branches(app, view, ask_here(app, bases))
    for message in view.messages:
        if message.id == generation.question_id:
            show_question(message, branches)


def _stop_button(generation: Generation | None) -> None:
    """Draw the button that ends the running answer, above the input, where it does not move while text grows."""
    with st.container(horizontal=True, horizontal_alignment="center"):
        if generation is not None:
            st.button(t("answer.stop"), key="stop", icon=":material/stop_circle:", on_click=generation.stop)


def _suggestions(app: App, bases: Sequence[KnowledgeBase], above: Above) -> None:
    if not above.messages:
        _empty_chat(app, bases, above)
    elif above.is_end and len(above.messages) > 1 and above.messages[-1].role == "assistant":
        next_questions(above.messages[-1], above.messages[-2].text, ask_here(app, bases))


def _empty_chat(app: App, bases: Sequence[KnowledgeBase], above: Above) -> None:
    """Say what can be asked here, and what is missing for it."""
    if not above.is_known:
        st.info(t("chat.unknown"), icon=":material/link_off:")
    chosen = [base for base in bases if base.id in scope(bases)]
    st.title(t("chat.title"), anchor=False)
    st.markdown(t("chat.intro"))
    for base in chosen:
        if is_busy(app, base.id):
            st.caption(t("chat.preparing"))
            job_progress(app, base)
    if not bases:
        st.info(t("chat.no_bases"), icon=":material/library_add:")
    elif chosen and not any(base.document_count or is_busy(app, base.id) for base in chosen):
        st.info(t("chat.empty_base"), icon=":material/upload_file:")
        st.button(
            t("chat.add_documents"),
            key="add_documents",
            icon=":material/add:",
            type="primary",
            on_click=_add_documents,
        )
    example_questions(app, chosen, ask_here(app, bases))


def _add_documents() -> None:
    go_to("knowledge_bases")
    st.rerun()
