"""One correction: the answer as it was beside the right one, what it rests on, why it was wrong."""

from dataclasses import dataclass, replace
from html import escape
from typing import get_args

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError, NotFoundError, error_info
from kb_app.models import Correction, WrongReason
from kb_app.services.corrections.differences import differences
from kb_app.ui.components import error_box, flash
from kb_app.ui.corrections_passages import passages, picked_support
from kb_app.ui.corrections_queue import next_subject
from kb_app.ui.corrections_state import AUTHOR, OPEN, RETURN, forget, holder, write, written
from kb_app.ui.corrections_versions import versions
from kb_app.ui.markup import plain, safe
from kb_app.ui.navigation import go_to
from kb_app.ui.state import CHAT, FORM_ERROR, MESSAGE, widget
from kb_app.ui.text import t

_REASONS: tuple[WrongReason, ...] = get_args(WrongReason)
_TEXT_LIMIT, _NOTE_LIMIT = 20_000, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is open: its name in the address, the correction as it was read, and who else works on it."""

    name: str
    correction: Correction
    held_by: str

    def key(self, part: str) -> str:
        """Return the key of one of its widgets."""
        return f"fix_{part}_{self.name[2:]}"

    @property
    def text(self) -> str:
        """The corrected answer as it is on the page; it begins as the answer that was wrong."""
        unsaved = written(self.name)
        if unsaved is not None:
            return unsaved
        return self.correction.chosen or (self.correction.rejected if not self.correction.id else "")


def editor(app: App, name: str) -> None:
    """Draw what is open; on an answer or correction that is gone, say so."""
    st.button(
        t("corrections.back_to_chat" if RETURN.get() else "corrections.back"),
        key="fix_back",
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=_leave,
        args=(app, name, ""),
    )
    try:
        correction = _read(app, name)
    except KBAppError as error:
        error_box(error)
        return
    by = app.correction_queue.claim(name[2:], holder())
    subject = Subject(name=name, correction=correction, held_by="" if by == holder() else by)
    with st.container(key="correction_editor"):
        _head(app, subject)
        _texts(subject)
        beside, right = st.columns(2, gap="medium")
        with beside:
            passages(app, name, correction)
        with right:
            _difference(subject)
            _why(subject)
            _actions(app, subject)
            versions(app, correction)


def _read(app: App, name: str) -> Correction:
    if name.startswith("m:"):
        return app.corrections.from_message(name[2:], AUTHOR.get())
    return app.corrections.get(name[2:])


def _head(app: App, subject: Subject) -> None:
    correction = subject.correction
    bases = {base.id: base.name for base in app.library.bases()}
    badges = [f":gray-badge[{plain(bases.get(correction.base_id, t('corrections.no_base')))}]"]
    if correction.id:
        badges.append(f":blue-badge[{t(f'corrections.status_{correction.status}')}]")
    if correction.stale:
        badges.append(f":red-badge[:material/history: {t(f'corrections.{correction.stale}')}]")
    if correction.hits or correction.not_helpful:
        counts = t("corrections.used", hits=correction.hits, not_helpful=correction.not_helpful)
        badges.append(f":gray-badge[{counts}]")
    st.markdown(" ".join(badges))
    if subject.held_by:
        name = t("corrections.somebody") if subject.held_by.startswith("#") else subject.held_by
        st.warning(plain(t("corrections.held_long", name=name)), icon=":material/lock_person:")
    st.text_input(t("corrections.question"), value=correction.question, key=subject.key("question"), max_chars=4000)
    if correction.history:
        with st.expander(t("corrections.history", count=len(correction.history) // 2), icon=":material/forum:"):
            for turn in correction.history:
                st.markdown(f"**{t(f'corrections.role_{turn.role}')}** {plain(turn.content)}")


def _texts(subject: Subject) -> None:
    original, corrected = st.columns(2, gap="medium")
    with original:
        st.caption(t("corrections.original"))
        with st.container(border=True, height=300, key=subject.key("original")):
            st.markdown(safe(subject.correction.rejected) or f":gray[{t('corrections.no_answer')}]")
    with corrected:
        key = subject.key("text")
        st.caption(t("corrections.corrected"))
        st.text_area(
            t("corrections.corrected"),
            value=subject.text,
            key=key,
            height=300,
            max_chars=_TEXT_LIMIT,
            label_visibility="collapsed",
            placeholder=t("corrections.corrected_hint"),
            on_change=lambda: write(subject.name, str(widget(key) or "")),
        )


def _difference(subject: Subject) -> None:
    before, after = subject.correction.rejected, subject.text
    if not before or before == after:
        return
    with st.expander(t("corrections.difference"), icon=":material/difference:", expanded=True):
        st.html(difference_html(before, after))


def difference_html(before: str, after: str) -> str:
    """Return what changed as HTML with everything escaped: ``del`` for what is gone, ``ins`` for what is new."""
    tags = {"same": "{}", "removed": "<del>{}</del>", "added": "<ins>{}</ins>"}
    body = "".join(tags[piece.kind].format(escape(piece.text)) for piece in differences(before, after))
    return f'<div class="kb-excerpt kb-difference">{body}</div>'


def _why(subject: Subject) -> None:
    correction = subject.correction
    st.pills(
        t("rating.reasons"),
        options=_REASONS,
        selection_mode="multi",
        default=list(correction.reasons),
        format_func=lambda reason: t(f"reason.{reason}"),
        key=subject.key("reasons"),
    )
    st.text_input(t("rating.note"), value=correction.note, key=subject.key("note"), max_chars=_NOTE_LIMIT)


def _actions(app: App, subject: Subject) -> None:
    failure = FORM_ERROR.get()
    if failure is not None:
        error_box(failure)
    mine = app.corrections.needs_second_person and subject.correction.author in ("", AUTHOR.get())
    buttons = (
        ("save", "Alt+S", ":material/save:", False),
        ("approve", "Alt+A", ":material/check_circle:", mine),
        ("archive", "Alt+X", ":material/archive:", False),
        ("skip", "Alt+N", ":material/skip_next:", False),
    )
    with st.container(horizontal=True, key="fix_actions"):
        for action, shortcut, icon, is_off in buttons:
            st.button(
                t(f"corrections.{action}"),
                key=f"fix_{action}",
                icon=icon,
                shortcut=shortcut,
                type="primary" if action == "approve" else "secondary",
                disabled=is_off or (bool(subject.held_by) and action != "skip"),
                on_click=_act,
                args=(app, subject, action),
            )
    if mine:
        st.caption(t("corrections.second_person"))


def _act(app: App, subject: Subject, action: str) -> None:
    FORM_ERROR.pop()
    try:
        if action != "skip":
            saved = _save(app, subject)
            if action == "approve":
                app.corrections.approve(saved.id, AUTHOR.get())
            elif action == "archive":
                app.corrections.archive(saved.id, AUTHOR.get())
    except KBAppError as error:
        FORM_ERROR.set(error_info(error))
        return
    if action == "save":
        forget(subject.name)
        OPEN.set(f"c:{saved.id}")
        flash(t("corrections.saved"))
        return
    if action != "skip":
        forget(subject.name)
        flash(t(f"corrections.done_{action}"))
    after = subject.name[2:] if subject.name.startswith("m:") else subject.correction.message_id or ""
    _leave(app, subject.name, "" if RETURN.get() else next_subject(app, after))


def _save(app: App, subject: Subject) -> Correction:
    """Save what is on the page and return it; what did not change makes no version."""
    reasons = widget(subject.key("reasons"))
    assert isinstance(reasons, list)
    before = subject.correction
    chosen = str(widget(subject.key("text")) or "")
    after = replace(
        before,
        question=str(widget(subject.key("question")) or ""),
        chosen=chosen,
        support=picked_support(subject.name, before, chosen),
        source_is_wrong=bool(widget(subject.key("source_wrong"))),
        reasons=tuple(reason for reason in _REASONS if reason in reasons),
        note=str(widget(subject.key("note")) or ""),
    )
    if not before.id:
        return app.corrections.create(replace(after, author=AUTHOR.get()))
    return before if after == before else app.corrections.save(after, AUTHOR.get())


def _leave(app: App, name: str, target: str) -> None:
    FORM_ERROR.pop()
    app.correction_queue.release(name[2:], holder())
    OPEN.set(target)
    if message_id := RETURN.pop():
        _back_to_chat(app, message_id)


def _back_to_chat(app: App, message_id: str) -> None:
    """Go back to the answer that the correction was begun at; where it was deleted meanwhile, stay."""
    try:
        CHAT.set(app.history.show(message_id))
    except NotFoundError:
        return
    MESSAGE.set(message_id)
    go_to("chat")
