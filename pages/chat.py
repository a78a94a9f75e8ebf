"""Chat: pick bases and a model, ask, watch the answer come, check its sources, come back later."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import KnowledgeBase, Message
from kb_app.ui.answer import live_answer, show_messages, stop_button
from kb_app.ui.asking import ask, scope, scope_controls, watch_models
from kb_app.ui.bases import base_dialogs
from kb_app.ui.conversations import conversation_list, delete_dialog, new_chat_button, open_conversation
from kb_app.ui.first_run import example_questions, welcome
from kb_app.ui.jobs import is_busy, job_progress
from kb_app.ui.markup import short
from kb_app.ui.navigation import go_to
from kb_app.ui.runtime import get_app
from kb_app.ui.sources import passage_dialog
from kb_app.ui.state import CHAT, CHAT_INPUT_WIDGET, DRAFT, SHOWN_MESSAGES, adopt_url, set_widget, widget
from kb_app.ui.text import t


def main() -> None:
    app = get_app()
    bases = app.library.bases()
    base_dialogs(app, None)
    if not bases and not app.history.conversations(limit=1):
        welcome(app)
        return
    is_known = open_from_url(app)
    sidebar(app, bases)
    delete_dialog(app)
    if not is_known:
        st.info(t("chat.unknown"), icon=":material/link_off:")
    messages = history(app, bases)
    if not messages:
        empty_chat(app, bases)
    stop_button(app, CHAT.get())
    question_box(app, bases)
    passage_dialog(app, messages)


def open_from_url(app: App) -> bool:
    """Adopt ``?chat=``; return False where it names no conversation (any more)."""
    before = CHAT.get()
    conversation_id = adopt_url(CHAT)
    if not conversation_id:
        return True
    try:
        conversation = app.history.conversation(conversation_id)
    except NotFoundError:
        open_conversation(None)
        return False
    if conversation_id != before:
        open_conversation(conversation)
    return True


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
    limit = SHOWN_MESSAGES.get()
    hidden = app.history.message_count(conversation_id) - limit
    if hidden > 0:
        st.button(
            t("chat.earlier", count=hidden),
            key="earlier",
            icon=":material/expand_less:",
            type="tertiary",
            on_click=SHOWN_MESSAGES.set,
            args=(limit + 50,),
        )
    messages = app.history.messages(conversation_id, last=limit)
    unfinished = generation.answer_id if generation is not None else ""
    saved = [message for message in messages if message.id != unfinished]
    show_messages(saved, ask_again=lambda question: ask(app, bases, question))
    if generation is not None:
        live_answer(app, conversation_id)
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


def question_box(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw the input; a question that cannot be taken now goes back into it."""
    draft = DRAFT.pop()
    if draft:
        set_widget(CHAT_INPUT_WIDGET, draft)
    chosen = [base for base in bases if base.id in scope(bases)]
    hint = t("chat.placeholder_named", base=short(chosen[0].name, 30)) if len(chosen) == 1 else t("chat.placeholder")
    st.chat_input(
        hint,
        key=CHAT_INPUT_WIDGET,
        disabled=not bases,
        max_chars=4000,
        on_submit=lambda: ask(app, bases, str(widget(CHAT_INPUT_WIDGET) or "")),
    )


main()
