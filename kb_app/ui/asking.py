"""Asking: what is asked (bases, model), and handing a question over to the background."""

from collections.abc import Callable, Sequence
from typing import TypedDict, Unpack

import streamlit as st
from streamlit.elements.widgets.chat import ChatInputValue

from kb_app.app import App
from kb_app.errors import BusyError, KBAppError
from kb_app.models import KnowledgeBase, ModelInfo
from kb_app.services.answers.questions import AskRequest
from kb_app.ui.attaching import attach, pending, pending_notice
from kb_app.ui.commands import obey
from kb_app.ui.components import flash
from kb_app.ui.markup import plain, short
from kb_app.ui.model_choice import model_name, model_options, picked_model
from kb_app.ui.state import (
    ASKED,
    ATTACHED,
    CHAT,
    CHAT_INPUT_WIDGET,
    DRAFT,
    DRAWN,
    MESSAGE,
    MODEL,
    MODEL_CHECKS,
    SCOPE,
    drop_linked_bases,
    linked_bases,
    set_widget,
    widget,
)
from kb_app.ui.text import describe, language, t
from kb_app.ui.wishes import asked_filters, asked_language, asked_style, wishes

#: Hands a question over: ``ask`` without its first two arguments.
Ask = Callable[..., object]
#: The part of the page that shows what is being answered, which a question draws alone.
NEWEST_TURN = "newest_turn"


_MODEL_CHECKS, _MODEL_CHECK_S = 8, 1.0


def scope(bases: Sequence[KnowledgeBase]) -> tuple[str, ...]:
    """Return the ids of the bases to ask: what was picked, as far as it still exists; all of them at first."""
    known = {base.id for base in bases}
    picked = SCOPE.get()
    if picked is None:
        return tuple(base.id for base in bases)
    return tuple(base_id for base_id in picked if base_id in known)  # none left: never ask others instead


def scope_controls(app: App, bases: Sequence[KnowledgeBase], place: str) -> None:
    """Draw the pickers of bases and model; ``place`` keeps the copies in sidebar and page apart."""
    names = {base.id: base.name for base in bases}
    bases_key, model_key = f"scope_bases_{place}", f"scope_model_{place}"
    set_widget(bases_key, list(scope(bases)))
    st.multiselect(
        t("scope.bases"),
        options=list(names),
        format_func=lambda base_id: names.get(base_id, base_id),
        key=bases_key,
        placeholder=t("scope.all_bases"),
        on_change=_scope_changed,
        args=(bases_key,),
    )
    models = {model.id: model for model in app.models.cached("chat")}
    picked = picked_model(app, scope(bases))
    set_widget(model_key, picked)
    st.selectbox(
        t("scope.model"),
        options=model_options(app, picked),
        format_func=lambda model_id: model_name(model_id, models.get(model_id)),
        key=model_key,
        on_change=_model_changed,
        args=(model_key,),
    )
    _reason(models.get(picked))
    wishes(app, scope(bases), place)


def watch_models(app: App) -> None:
    """For some seconds after a tab was opened, redraw it when a model server's answer comes in late."""
    waits = MODEL_CHECKS.get() < _MODEL_CHECKS
    st.fragment(run_every=_MODEL_CHECK_S if waits else None)(_watch_models)(app, app.models.cached())


def _watch_models(app: App, drawn: Sequence[ModelInfo]) -> None:
    MODEL_CHECKS.set(MODEL_CHECKS.get() + 1)
    if app.models.cached() != drawn or MODEL_CHECKS.get() == _MODEL_CHECKS:
        st.rerun()


def _scope_changed(key: str) -> None:
    picked = widget(key)
    assert isinstance(picked, list)
    SCOPE.set(tuple(picked))
    drop_linked_bases()


def adopt_linked_bases(bases: Sequence[KnowledgeBase]) -> None:
    """Ask what ``?kb=`` names, by id or name; say so where none of it exists."""
    named = linked_bases()
    found = tuple(base.id for base in bases if base.id in named or base.name in named)
    if found:
        SCOPE.set(found)
    elif named:
        st.info(t("history.unknown_base"), icon=":material/link_off:")


def _model_changed(key: str) -> None:
    MODEL.set(str(widget(key)))


def _reason(model: ModelInfo | None) -> None:
    if model is None or model.error is None:
        return
    message, hint = describe(model.error)
    st.caption(plain(f"{message} {hint}"))


class Variant(TypedDict, total=False):
    """What makes a question another version of one there is; see ``AskRequest``."""

    edited_id: str
    again_id: str
    model_id: str
    query: str
    reuse: bool
    anyway: bool


def ask(app: App, bases: Sequence[KnowledgeBase], question: str, **variant: Unpack[Variant]) -> bool:
    """Start answering ``question`` in the open conversation, or keep it in the box and say why not.

    The chosen model answers unless the ``variant`` names another. Returns whether the newest turn is all that changes.
    """
    base_ids = scope(bases)
    if not question.strip():
        return False
    if missing := _nothing_to_ask(app, bases, base_ids):
        _give_back(question, missing)
        return False
    request = _request(app, base_ids, question, variant)
    try:
        generation = app.answering.ask(request)
    except BusyError:
        _give_back(question, t("chat.busy"))
    except KBAppError as error:
        _give_back(question, " ".join(describe(error)))
    else:
        is_all = _changes_newest_turn_alone(request, generation.after_id)
        if not request.again_id:
            ATTACHED.reset()
        CHAT.set(generation.conversation_id)
        MESSAGE.set("")
        ASKED.set(generation.answer_id)
        return is_all
    return False


def _request(app: App, base_ids: tuple[str, ...], question: str, variant: Variant) -> AskRequest:
    """Return the question with what is picked and typed on the page."""
    return AskRequest(
        question=question,
        base_ids=base_ids,
        model_id=variant.get("model_id") or picked_model(app, base_ids),
        conversation_id=CHAT.get() or None,
        language=language(),
        filters=asked_filters(),
        style=asked_style(),
        answer_language=asked_language(),
        edited_id=variant.get("edited_id", ""),
        again_id=variant.get("again_id", ""),
        query=variant.get("query", ""),
        reuse=variant.get("reuse", True),
        anyway=variant.get("anyway", False),
        attachments=pending(),
    )


def _changes_newest_turn_alone(request: AskRequest, after_id: str) -> bool:
    """Whether a question, which is not yet the open one, leaves the rest of the page as it is drawn.

    ``after_id``: the message it follows, which the page does not show where another tab has asked since.
    """
    is_drawn = DRAWN.get() == (CHAT.get(), after_id) and not ASKED.get()
    return is_drawn and not (MESSAGE.get() or request.edited_id or request.again_id or request.attachments)


def ask_here(app: App, bases: Sequence[KnowledgeBase]) -> Callable[..., None]:
    """Return ``ask`` for widgets of the newest turn: what changes more than that draws the whole page."""

    def asked(question: str, **variant: Unpack[Variant]) -> None:
        if not ask(app, bases, question, **variant):
            st.rerun()

    return asked


def _nothing_to_ask(app: App, bases: Sequence[KnowledgeBase], base_ids: Sequence[str]) -> str:
    """Return what has to be done before anything can be asked, empty when there is something."""
    if any(base.document_count for base in bases if base.id in base_ids) or app.attachments.has_files(CHAT.get()):
        return ""
    return t("chat.empty_base" if base_ids else "chat.pick_base" if bases else "chat.attach_first")


def _give_back(question: str, why: str) -> None:
    DRAFT.set(question)
    flash(why)


def question_box(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw the input; a question that cannot be taken now goes back into it."""
    draft = DRAFT.pop()
    if draft:
        set_widget(CHAT_INPUT_WIDGET, draft)
    chosen = [base for base in bases if base.id in scope(bases)]
    hint = t("chat.placeholder_named", base=short(chosen[0].name, 30)) if len(chosen) == 1 else t("chat.placeholder")
    if not bases:
        hint = t("first_run.placeholder")
    pending_notice()
    st.chat_input(
        hint,
        key=CHAT_INPUT_WIDGET,
        accept_file="multiple",
        max_chars=4000,
        on_submit=_submitted,
        args=(app, bases),
    )


def _submitted(app: App, bases: Sequence[KnowledgeBase]) -> None:
    value = widget(CHAT_INPUT_WIDGET)
    if not isinstance(value, ChatInputValue):
        return
    left = obey(app, bases, value.text)
    question = value.text if left is None else left
    files = value.files
    if files and not question.strip() and left is None:
        question = t("attach.question", count=len(files))
    if files and not attach(app, question, scope(bases), picked_model(app, scope(bases)), files):
        DRAFT.set(question)
        return
    if ask(app, bases, question) and left is None:
        st.rerun(NEWEST_TURN)
