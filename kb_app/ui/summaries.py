"""Summary cards of a base: what they cost, switched on and off, and how far the writing is."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import Job, KnowledgeBase, SummaryEstimate
from kb_app.ui.components import close_dialog, flash, flash_error
from kb_app.ui.markup import plain
from kb_app.ui.state import DIALOG, widget
from kb_app.ui.text import describe, t

SUMMARIES_DIALOG = "base_summaries"
_MODEL = "summary_model"
_QUOTE = "quote"
_KINDS = ("summarise", "card")
_REFRESH_S = 1.0
_RECENT_LIMIT = 1000


def summaries_dialog(app: App, base: KnowledgeBase) -> None:
    """Show what summaries are, which model writes them and what it takes, before anything is switched on."""

    @st.dialog(t("summaries.title"), on_dismiss=close_dialog)
    def show() -> None:
        if not DIALOG.get():
            st.rerun()
        st.markdown(t("summaries.about"))
        model_id = _model_choice(app, base)
        estimate = None if model_id == _QUOTE else app.summaries.estimate(base.id, model_id)
        if estimate is None:
            st.info(t("summaries.quote"), icon=":material/info:")
        else:
            _estimate(estimate)
        is_done = estimate is not None and not estimate.documents and model_id == base.summary_model
        _buttons(app, base, can_write=estimate is not None, is_done=is_done)

    show()


def _model_choice(app: App, base: KnowledgeBase) -> str:
    ready = [model.id for model in app.models.cached("chat") if model.state == "ready"]
    options = list(dict.fromkeys([*([base.summary_model] if base.summary_model else []), *ready, _QUOTE]))
    first = next((model_id for model_id in options if model_id != _QUOTE), _QUOTE)
    if first == _QUOTE:
        st.caption(t("summaries.none_ready"))
    chosen = st.selectbox(t("summaries.model"), options=options, index=options.index(first), key=_MODEL)
    return str(chosen)


def _estimate(estimate: SummaryEstimate) -> None:
    if not estimate.documents:
        st.markdown(t("summaries.nothing_missing"))
        return
    st.markdown(
        t(
            "summaries.estimate",
            documents=estimate.documents,
            prompt=f"{estimate.prompt_tokens:,}",
            completion=f"{estimate.completion_tokens:,}",
        )
    )
    if estimate.cost is None:
        st.caption(t("summaries.cost_unknown"))
    else:
        st.markdown(t("summaries.cost", amount=f"{estimate.cost.amount:.2f}", currency=plain(estimate.cost.currency)))


def _buttons(app: App, base: KnowledgeBase, *, can_write: bool, is_done: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if app.summaries.count(base.id):
            st.button(t("summaries.discard"), key="discard_summaries", on_click=_discard, args=(app, base.id))
        if base.summary_model:
            st.button(t("summaries.switch_off"), key="stop_summaries", on_click=_switch_off, args=(app, base.id))
        if is_done:
            return
        st.button(
            t("summaries.switch_on"),
            key="write_summaries",
            type="primary",
            disabled=not can_write,
            on_click=_switch_on,
            args=(app, base.id),
        )


def _switch_on(app: App, base_id: str) -> None:
    close_dialog()
    try:
        app.summaries.switch_on(base_id, str(widget(_MODEL)))
    except KBAppError as error:
        flash_error(error)
    else:
        flash(t("summaries.started"))


def _switch_off(app: App, base_id: str) -> None:
    close_dialog()
    try:
        app.summaries.switch_off(base_id)
    except KBAppError as error:
        flash_error(error)
    else:
        flash(t("summaries.stopped"))


def _discard(app: App, base_id: str) -> None:
    close_dialog()
    try:
        count = app.summaries.discard(base_id)
    except KBAppError as error:
        flash_error(error)
    else:
        flash(t("summaries.discarded", count=count))


def summary_progress(app: App, base: KnowledgeBase) -> None:
    """Show how far the writing of cards is, while it goes on or when some could not be written."""
    if not base.summary_model:
        return
    active = bool(_active(app.jobs.active(base.id)))
    st.fragment(run_every=_REFRESH_S if active else None)(_progress)(app, base, was_active=active)


def _active(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job.kind in _KINDS and job.is_active]


def _progress(app: App, base: KnowledgeBase, *, was_active: bool) -> None:
    active = _active(app.jobs.active(base.id))
    if was_active and not active:
        st.rerun()
    if active:
        _running(app, base, active)
        return
    failed = [job for job in app.jobs.recent(base.id, _RECENT_LIMIT) if job.kind in _KINDS and job.state == "failed"]
    if failed:
        _failed(app, base, failed)


def _running(app: App, base: KnowledgeBase, active: Sequence[Job]) -> None:
    done = app.summaries.count(base.id)
    total = done + sum(job.kind == "summarise" for job in active)
    text = t("summaries.progress", done=done, total=total)
    reason = next((describe(job.error).message for job in active if job.error is not None), "")
    if base.paused:
        text = f"{text} · {t('summaries.paused')}"
    elif reason:
        text = f"{text} · {plain(t('summaries.waiting', reason=reason))}"
    with st.container(horizontal=True, vertical_alignment="center", key="summary_jobs"):
        st.progress(done / max(total, 1), text=text)
        st.button(
            t("summaries.cancel"),
            key="cancel_summaries",
            icon=":material/stop_circle:",
            type="tertiary",
            on_click=_switch_off,
            args=(app, base.id),
        )


def _failed(app: App, base: KnowledgeBase, failed: Sequence[Job]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="summaries_failed"):
        lines = [f":material/auto_awesome: {t('summaries.failed', count=len(failed))}"]
        errors = {describe(job.error) for job in failed if job.error is not None}
        lines += [f":gray[{plain(message)} {plain(hint)}]" for message, hint in sorted(errors)[:3]]
        st.markdown("  \n".join(lines), width="stretch")
        st.button(
            t("summaries.retry"),
            key="retry_summaries",
            type="tertiary",
            icon=":material/refresh:",
            on_click=_retry,
            args=(app, base.id),
        )


def _retry(app: App, base_id: str) -> None:
    app.summaries.retry(base_id)
