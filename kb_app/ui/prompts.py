"""Prompts of a knowledge base: edit, see what becomes of them, go back to the default."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import get_args

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.messages import Language
from kb_app.models import ChatMessage, KnowledgeBase
from kb_app.services.answers.prompt_preview import token_count
from kb_app.services.prompting.store import PLACEHOLDERS, PROMPT_KINDS, PromptKind
from kb_app.ui.components import error_box, flash, flash_error
from kb_app.ui.state import BASE, Slot, adopt_url, set_widget, widget
from kb_app.ui.text import language, t

_BASE, _KIND, _LANGUAGE, _QUESTION = "prompt_base", "prompt_kind", "prompt_language", "prompt_question"
_ASKED: Slot[str] = Slot(key="kb.prompt_question", default="")
_LONGEST = 20_000
_LANGUAGE_NAMES = {"zh": "中文", "en": "English"}


def choose(bases: Sequence[KnowledgeBase]) -> tuple[KnowledgeBase, PromptKind, Language]:
    """Draw the pickers of base, kind and language and return what is picked."""
    by_id = {base.id: base for base in bases}
    picked = adopt_url(BASE)
    if picked not in by_id:
        picked = bases[0].id
        BASE.set(picked)
    set_widget(_BASE, picked)
    st.selectbox(
        t("bases.choose"),
        options=list(by_id),
        format_func=lambda base_id: by_id[base_id].name,
        key=_BASE,
        on_change=lambda: BASE.set(str(widget(_BASE))),
    )
    with st.container(horizontal=True):
        kind: PromptKind = st.segmented_control(
            t("prompts.kind"),
            options=PROMPT_KINDS,
            format_func=lambda name: t(f"prompts.kind_{name}"),
            default=PROMPT_KINDS[0],
            required=True,
            key=_KIND,
        )
        written: Language = st.segmented_control(
            t("prompts.language"),
            options=get_args(Language),
            format_func=lambda name: _LANGUAGE_NAMES[name],
            default=language(),
            required=True,
            key=_LANGUAGE,
        )
    return by_id[picked], kind, written


def editor(app: App, base: KnowledgeBase, kind: PromptKind, written: Language) -> str:
    """Draw the prompt in a box with its buttons; return the text as it stands."""
    key = f"prompt_{base.id}_{kind}_{written}"
    st.caption(t(f"prompts.about_{kind}"))
    if widget(key) is None:
        set_widget(key, app.prompts.get(kind, written, base.id))
    text = st.text_area(t("prompts.text"), key=key, height=320, max_chars=_LONGEST)
    names = " ".join(f"`{{{name}}}`" for name in PLACEHOLDERS[kind])
    is_own = app.prompts.is_own(kind, written, base.id)
    st.caption(f"{t('prompts.placeholders', names=names)} {t('prompts.own' if is_own else 'prompts.default')}")
    with st.container(horizontal=True):
        st.button(t("common.save"), key="save_prompt", type="primary", on_click=_save, args=(app, base, kind, written))
        st.button(
            t("prompts.reset"),
            key="reset_prompt",
            icon=":material/restart_alt:",
            on_click=_reset,
            args=(app, base, kind, written),
        )
    return text


def _save(app: App, base: KnowledgeBase, kind: PromptKind, written: Language) -> None:
    try:
        app.prompts.set(kind, written, base.id, str(widget(f"prompt_{base.id}_{kind}_{written}") or ""))
    except KBAppError as error:
        flash_error(error)
    else:
        flash(t("prompts.saved"))


def _reset(app: App, base: KnowledgeBase, kind: PromptKind, written: Language) -> None:
    app.prompts.reset(kind, written, base.id)
    set_widget(f"prompt_{base.id}_{kind}_{written}", app.prompts.get(kind, written, base.id))


def preview(app: App, base: KnowledgeBase, kind: PromptKind, written: Language, text: str) -> None:
    """Draw what a model would get for a sample question, with its length."""
    st.subheader(t("prompts.preview"), anchor=False)
    question = ""
    if kind != "summary":
        set_widget(_QUESTION, _ASKED.get() or _sample(app, base))
        question = st.text_input(
            t("prompts.question"), key=_QUESTION, max_chars=4000, on_change=lambda: _ASKED.set(str(widget(_QUESTION)))
        )
    try:
        messages = app.prompt_preview.messages(kind, text, language=written, base_id=base.id, question=question)
    except KBAppError as error:
        error_box(error)
        return
    st.caption(t("prompts.tokens", count=token_count(messages)))
    for message in messages:
        _message(message)


def _sample(app: App, base: KnowledgeBase) -> str:
    names = [PurePath(document.name).stem for document in app.library.documents(base.id)]
    return t("prompts.sample", name=next(iter(names), base.name))


def _message(message: ChatMessage) -> None:
    with st.container(border=True):
        st.badge(t(f"prompts.role_{message.role}"))
        st.code(message.content, language=None, wrap_lines=True)
