"""Chat: pick bases and a model, ask, watch the answer come, check its sources, come back later."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from kb_app.app import App
from kb_app.models import KnowledgeBase
from kb_app.pacing import INTERPRETER
from kb_app.ui.answer import show_messages
from kb_app.ui.asking import adopt_linked_bases, ask, question_box, scope_controls, watch_models
from kb_app.ui.bases import base_dialogs
from kb_app.ui.branches import Branches, earlier_button, later_buttons
from kb_app.ui.commands import help_dialog
from kb_app.ui.conversation_menu import undo_notice
from kb_app.ui.conversations import conversation_list, new_chat_button, open_from_url
from kb_app.ui.first_run import welcome
from kb_app.ui.following import state_of
from kb_app.ui.passage import passage_dialog
from kb_app.ui.reader import reader
from kb_app.ui.runtime import get_app
from kb_app.ui.state import ASKED, CHAT, DRAWN, MESSAGE, SHOWN_MESSAGES
from kb_app.ui.text import t
from kb_app.ui.turn import Above, newest_turn


def main() -> None:
    app = get_app()
    bases = app.library.bases()
    base_dialogs(app, None)
    if not bases and not app.history.conversations(limit=1):
        welcome(app)
        with st.container():  # in the page itself: a box below it would scroll a phone past the beginning
            question_box(app, bases)
        help_dialog()
        return
    ASKED.reset()
    DRAWN.reset()
    with INTERPRETER.turn(urgent=False):  # the first words of other answers come before
        is_known = open_from_url(app)
        adopt_linked_bases(bases)
        sidebar(app, bases)
        undo_notice(app)
        state = state_of(app, CHAT.get()) if CHAT.get() else ""
        above = history(app, bases) if is_known else Above(is_known=False)
    newest_turn(app, bases, above)
    DRAWN.set((CHAT.get(), above.messages[-1].id if above.messages else ""))
    question_box(app, bases)
    help_dialog()
    reader(state)
    passage_dialog(app, above.messages)


def sidebar(app: App, bases: Sequence[KnowledgeBase]) -> None:
    with st.sidebar:
        new_chat_button("sidebar")
        if bases:
            scope_controls(app, bases, "sidebar")
            watch_models(app)
        conversation_list(app)
    with st.container(key="narrow_controls", horizontal=True):
        with st.popover(t("scope.title"), icon=":material/tune:", key="narrow_scope", on_change="rerun") as panel:
            if bases and panel.open:
                scope_controls(app, bases, "page")
        new_chat_button("page")


def history(app: App, bases: Sequence[KnowledgeBase]) -> Above:
    """Draw the open conversation but for the turn that is being answered, its last messages first of all."""
    conversation_id = CHAT.get()
    if not conversation_id:
        return Above()
    generation = app.answering.running(conversation_id)
    view = app.history.view(conversation_id, SHOWN_MESSAGES.get(), around=MESSAGE.get())
    earlier_button(view)
    unfinished = () if generation is None else (generation.question_id, generation.answer_id)
    saved = [message for message in view.messages if message.id not in unfinished]
    branches = Branches(app, view, partial(ask, app, bases))
    show_messages(app, saved, branches)
    later_buttons(view)
    branches.dialogs(saved)
    if generation is not None:
        ASKED.set(generation.answer_id)
    return Above(messages=saved, is_end=not view.later, is_awaiting=generation is not None)


main()
