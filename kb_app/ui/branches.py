"""Branches of a conversation: edit a question, answer it again, go from version to version, compare two."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError, NotFoundError
from kb_app.models import ConversationView, Message
from kb_app.ui.asking import Ask
from kb_app.ui.components import close_dialog, flash_error, form_dialog, open_dialog
from kb_app.ui.markup import label, plain, safe
from kb_app.ui.model_choice import chat_models, model_name
from kb_app.ui.state import BRANCHED, DIALOG, EDITED, MESSAGE, MODEL, SHOWN_MESSAGES, set_widget, widget
from kb_app.ui.text import local_time, t

#: Messages between a question and its answer, at most: imported answers may come in several.
_LOOK_BACK = 10
#: Messages that "show earlier" adds.
_MORE = 50
AGAIN_DIALOG, COMPARE_DIALOG = "answer_again", "compare_versions"


class Branches:
    """The tools at each message of a view."""

    def __init__(self, app: App, view: ConversationView, ask: Ask) -> None:
        """Draw tools for the messages of ``view``; ``ask`` hands a question over to the background."""
        self._app = app
        self._siblings: Mapping[str, tuple[str, ...]] = view.siblings
        self._ask = ask

    def edit_box(self, question: Message) -> bool:
        """Draw the box in which a question is edited; return False, and draw nothing, unless it is being edited."""
        if EDITED.get() != question.id:
            return False
        key = f"edit_text_{question.id}"
        with st.form(f"edit_{question.id}", border=False):
            st.text_area(t("history.edit_label"), value=question.text, key=key, max_chars=4000)
            st.caption(t("history.edit_note"))
            with st.container(horizontal=True):
                st.form_submit_button(
                    t("history.edit_ask"), key="edit_ask", type="primary", on_click=self._edited, args=(question, key)
                )
                st.form_submit_button(t("common.cancel"), key="edit_cancel", on_click=EDITED.reset)
        return True

    def question_tools(self, question: Message) -> None:
        """Draw the edit button of a question, and the arrows to its other versions."""
        with st.container(key=f"branch_{question.id}", horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.button(
                "",
                key=f"edit_{question.id}",
                icon=":material/edit:",
                type="tertiary",
                help=t("history.edit"),
                on_click=EDITED.set,
                args=(question.id,),
            )
            self._arrows(question)

    def answer_tools(self, answer: Message) -> None:
        """Draw the button that answers again, and the arrows to the other answers."""
        self._dialog_button(answer, "again", AGAIN_DIALOG, ":material/refresh:")
        self._arrows(answer)

    def ask_again(self, answer: Message) -> None:
        """Have the question of an answer answered once more by the chosen model (for ``on_click``)."""
        self.answer_with(answer, MODEL.get())

    def answer_with(self, answer: Message, model_id: str) -> None:
        """Have the question of an answer answered once more by a model. Raises NotFoundError: there is none."""
        question = self._question_of(answer)
        self._ask(question.text, again_id=question.id, model_id=model_id)

    def ask_model(self, answer: Message) -> None:
        """Have the question answered once more without any correction (for ``on_click``)."""
        question = self._question_of(answer)
        self._ask(question.text, again_id=question.id, model_id=answer.model_id, reuse=False)

    def ask_anyway(self, answer: Message) -> None:
        """Have the question answered from the passages that an answer only names as nearest (for ``on_click``)."""
        question = self._question_of(answer)
        self._ask(question.text, again_id=question.id, model_id=MODEL.get(), query=answer.query, anyway=True)

    def search_again(self, answer: Message, key: str) -> None:
        """Have the question answered once more from what a search for the widget's words finds (for ``on_click``)."""
        query = str(widget(key) or "").strip()
        question = self._question_of(answer)
        self._ask(question.text, again_id=question.id, model_id=answer.model_id, query=query)

    def _edited(self, question: Message, key: str) -> None:
        text = str(widget(key) or "").strip()
        EDITED.pop()
        if text and text != question.text:
            self._ask(text, edited_id=question.id)

    def _question_of(self, answer: Message) -> Message:
        found = [message for message in self._app.history.before(answer.id, last=_LOOK_BACK) if message.role == "user"]
        if not found:
            raise NotFoundError(f"question of {answer.id}", name=answer.id)
        return found[-1]

    def _arrows(self, message: Message) -> None:
        versions = self._siblings.get(message.id, ())
        if not versions:
            return
        place = versions.index(message.id)
        for name, step, icon in (("previous", -1, "chevron_left"), ("next", 1, "chevron_right")):
            target = place + step
            st.button(
                "",
                key=f"{name}_{message.id}",
                icon=f":material/{icon}:",
                type="tertiary",
                help=t(f"history.{name}"),
                disabled=not 0 <= target < len(versions),
                on_click=show_branch,
                args=(self._app, versions[target % len(versions)]),
            )
            if step < 0:
                st.caption(t("history.versions", place=place + 1, count=len(versions)), width="content")
        self._dialog_button(message, "compare", COMPARE_DIALOG, ":material/compare:")

    def _dialog_button(self, message: Message, name: str, dialog: str, icon: str) -> None:
        st.button(
            "",
            key=f"{name}_{message.id}",
            icon=icon,
            type="tertiary",
            help=t(f"history.{name}"),
            on_click=_open,
            args=(dialog, message.id),
        )

    def dialogs(self, messages: Sequence[Message]) -> None:
        """Show the dialog a tool asked for, over the page."""
        message = next((message for message in messages if message.id == BRANCHED.get()), None)
        if message is None:
            return
        if DIALOG.get() == AGAIN_DIALOG:
            self._again_dialog(message)
        elif DIALOG.get() == COMPARE_DIALOG:
            _compare_dialog(self._app, message, self._siblings.get(message.id, ()))

    def _again_dialog(self, answer: Message) -> None:
        models = chat_models(self._app)

        def fields() -> None:
            st.markdown(t("history.again_text"))
            st.selectbox(
                t("history.again_model"),
                options=list(models),
                index=list(models).index(MODEL.get()) if MODEL.get() in models else 0,
                format_func=lambda model_id: model_name(model_id, models.get(model_id)),
                key="again_model",
            )

        form_dialog(
            t("history.again_title"),
            t("history.again"),
            fields,
            lambda: self.answer_with(answer, str(widget("again_model"))),
        )


def _open(dialog: str, message_id: str) -> None:
    BRANCHED.set(message_id)
    open_dialog(dialog)


def show_branch(app: App, message_id: str) -> None:
    """Show the newest branch through a message (for ``on_click``)."""
    try:
        app.history.show(message_id)
    except KBAppError as error:
        flash_error(error)
    MESSAGE.set("")


def _compare_dialog(app: App, message: Message, versions: Sequence[str]) -> None:
    place = versions.index(message.id)
    defaults = (place - 1, place) if place else (0, min(1, len(versions) - 1))

    @st.dialog(t("history.compare"), width="large", icon=":material/compare:", on_dismiss=close_dialog)
    def show() -> None:
        if not DIALOG.get():
            st.rerun()
        shown = {version: app.history.message(version) for version in versions}
        for side, column in enumerate(st.columns(2, gap="medium")):
            with column:
                key = f"compare_{side}"
                if widget(key) not in versions:
                    set_widget(key, versions[defaults[side]])
                picked = str(
                    st.selectbox(
                        t("history.compare"),
                        options=versions,
                        format_func=lambda version: _version_name(versions.index(version), shown[version]),
                        key=key,
                        label_visibility="collapsed",
                    )
                )
                _version(app, shown[picked])

    show()


def _version_name(place: int, message: Message) -> str:
    if message.role == "user":
        return t("history.version_plain", number=place + 1)
    return t("history.version", number=place + 1, model=model_name(message.model_id))


def _version(app: App, message: Message) -> None:
    st.button(
        t("history.use_this"),
        key=f"use_{message.id}",
        icon=":material/check:",
        width="stretch",
        on_click=_use,
        args=(app, message.id),
    )
    if message.created_at:
        st.caption(local_time(message.created_at))
    if message.role == "user":
        st.markdown(f"**{plain(message.text)}**")
    answer = app.history.newest_reply(message.id) if message.role == "user" else message
    if answer is None:
        return
    st.markdown(safe(answer.text))
    names = dict.fromkeys(source.document for source in answer.sources if source.marker in answer.cited)
    if names:
        st.caption(t("history.sources", count=len(names)) + " " + " · ".join(label(name, 60) for name in names))


def _use(app: App, message_id: str) -> None:
    close_dialog()
    show_branch(app, message_id)


def earlier_button(view: ConversationView) -> None:
    """Above a stretch of a branch: the way to what was said before."""
    if not view.earlier:
        return
    show = partial(SHOWN_MESSAGES.set, SHOWN_MESSAGES.get() + _MORE)
    st.button(
        t("chat.earlier", count=view.earlier),
        key="earlier",
        icon=":material/expand_less:",
        type="tertiary",
        on_click=partial(MESSAGE.set, view.previous_id) if MESSAGE.get() else show,
    )


def later_buttons(view: ConversationView) -> None:
    """Below a stretch of a branch: the ways to what was said after, and to the end."""
    if not view.later:
        return
    with st.container(horizontal=True):
        st.button(
            t("history.later", count=view.later),
            key="later",
            icon=":material/expand_more:",
            type="tertiary",
            on_click=MESSAGE.set,
            args=(view.next_id,),
        )
        st.button(
            t("history.to_end"),
            key="to_end",
            icon=":material/vertical_align_bottom:",
            type="tertiary",
            on_click=MESSAGE.set,
            args=("",),
        )
