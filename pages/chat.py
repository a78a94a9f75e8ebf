"""Chat: pick bases and a model, ask, watch the answer come, check its sources, come back later."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from kb_app.app import App
from kb_app.models import KnowledgeBase, Message
from kb_app.ui.answer import live_answer, show_messages, stop_button
from kb_app.ui.asking import adopt_linked_bases, ask, question_box, scope, scope_controls, watch_models
from kb_app.ui.bases import base_dialogs
from kb_app.ui.branches import Branches, earlier_button, later_buttons
from kb_app.ui.conversation_menu import undo_notice
from kb_app.ui.conversations import conversation_list, new_chat_button, open_from_url
from kb_app.ui.first_run import example_questions, next_questions, welcome
from kb_app.ui.jobs import is_busy, job_progress
from kb_app.ui.navigation import go_to
from kb_app.ui.passage import passage_dialog
from kb_app.ui.reader import reader
from kb_app.ui.runtime import get_app
from kb_app.ui.state import CHAT, MESSAGE, SHOWN_MESSAGES
from kb_app.ui.text import t


def main() -> None:
    app = get_app()
    bases = app.library.bases()
    base_dialogs(app, None)
    if not bases and not app.history.conversations(limit=1):
        welcome(app)
        with st.container():  # in the page itself: a box below it would scroll a phone past the beginning
            question_box(app, bases)
        return
    is_known = open_from_url(app)
    adopt_linked_bases(bases)
    sidebar(app, bases)
    undo_notice(app)
    if not is_known:
        st.info(t("chat.unknown"), icon=":material/link_off:")
    messages = history(app, bases)
    if not messages:
        empty_chat(app, bases)
    stop_button(app, CHAT.get())
    question_box(app, bases)
    reader()
    passage_dialog(app, messages)


def sidebar(app: App, bases: Sequence[KnowledgeBase]) -> None:
    with st.sidebar:
        new_chat_button("sidebar")
        if bases:
            scope_controls(app, bases, "sidebar")
            watch_models(app)
        conversation_list(app)
    with st.container(key="narrow_controls", horizontal=True):
        with st.popover(t("scope.title"), icon=":material/tune:"):
            if bases:
                scope_controls(app, bases, "page")
        new_chat_button("page")


def history(app: App, bases: Sequence[KnowledgeBase]) -> list[Message]:
    """Draw the open conversation, its last messages first of all; return what was drawn."""
    conversation_id = CHAT.get()
    if not conversation_id:
        return []
    generation = app.answering.running(conversation_id)
    view = app.history.view(conversation_id, SHOWN_MESSAGES.get(), around=MESSAGE.get())
    earlier_button(view)
    unfinished = generation.answer_id if generation is not None else ""
    saved = [message for message in view.messages if message.id != unfinished]
    branches = Branches(app, view, partial(ask, app, bases))
    show_messages(app, saved, branches)
    if len(saved) > 1 and generation is None and not view.later and saved[-1].role == "assistant":
        next_questions(saved[-1], saved[-2].text, partial(ask, app, bases))
    later_buttons(view)
    if len(saved) < len(view.messages):
        live_answer(app, conversation_id)
    elif generation is not None and not view.later:
        st.caption(f":material/hourglass_top: {t('history.busy_elsewhere')}")
    branches.dialogs(saved)
    return saved


def empty_chat(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Say what can be asked here, and what is missing for it."""
    chosen = [base for base in bases if base.id in scope(bases)]
    st.title(t("chat.title"), anchor=False)
    st.markdown(t("chat.intro"))
    for base in chosen:
        if is_busy(app, base.id):
            st.caption(t("chat.preparing"))
            job_progress(app, base.id)
    if not bases:
        st.info(t("chat.no_bases"), icon=":material/library_add:")
    elif chosen and not any(base.document_count or is_busy(app, base.id) for base in chosen):
        st.info(t("chat.empty_base"), icon=":material/upload_file:")
        st.button(
            t("chat.add_documents"),
            key="add_documents",
            icon=":material/add:",
            type="primary",
            on_click=go_to,
            args=("knowledge_bases",),
        )
    example_questions(app, chosen, lambda question: ask(app, bases, question))


main()
