"""Evaluation: start a run, its cost first, and watch it."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.messages import LANGUAGES
from kb_app.models import EvaluationRun, EvaluationSet, KnowledgeBase, RunEstimate, RunSettings
from kb_app.services.evaluation.judging import prompt_of
from kb_app.services.evaluation.runs import ALL_SETS
from kb_app.ui.components import error_box, flash_error
from kb_app.ui.evaluation_state import RUN, set_label, set_name
from kb_app.ui.markup import plain
from kb_app.ui.model_choice import QUOTE_MODEL, chat_models, model_name
from kb_app.ui.state import widget
from kb_app.ui.text import language, t

_REFRESH_S = 0.5
_MOST_PASSAGES = 30


def new_run(app: App, base: KnowledgeBase, sets: Sequence[EvaluationSet]) -> None:
    """Draw what a run is made of, what it will cost, and its button."""
    by_id = {one.id: one for one in sets}
    with st.container(border=True, key="new_run"):
        first, second = st.columns(2)
        set_id = first.selectbox(
            t("evaluation.set"),
            options=[ALL_SETS, *by_id],
            format_func=lambda name: set_label(by_id[name]) if name in by_id else set_name(""),
            key="run_set",
        )
        models = chat_models(app)
        model_id = second.selectbox(
            t("evaluation.model"),
            options=list(models),
            format_func=lambda name: model_name(name, models.get(name)),
            key="run_model",
        )
        with st.expander(t("evaluation.more_settings")):
            judge_id = _more_settings(app, list(models))
        settings = RunSettings(
            model_id=model_id or QUOTE_MODEL, top_k=int(str(widget("run_top_k") or 8)), judge_id=judge_id
        )
        try:
            estimate = app.evaluation_runs.estimate(base.id, set_id, settings)
        except KBAppError as error:
            error_box(error)
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_cost(estimate), width="stretch")
            st.button(
                t("evaluation.start"),
                key="start_run",
                type="primary",
                icon=":material/play_arrow:",
                disabled=not estimate.cases,
                on_click=_start,
                args=(app, base.id, set_id, settings),
            )


def _more_settings(app: App, models: Sequence[str]) -> str:
    """Draw the settings that seldom change and return the judge."""
    first, second = st.columns(2)
    first.text_input(t("evaluation.run_name"), key="run_name", max_chars=60, placeholder=t("evaluation.run_name_hint"))
    second.number_input(t("evaluation.top_k"), 1, _MOST_PASSAGES, app.settings.top_k, key="run_top_k")
    judges = ["", *(name for name in models if name != QUOTE_MODEL)]
    judge_id = st.selectbox(
        t("evaluation.judge"),
        options=judges,
        format_func=lambda name: model_name(name) if name else t("evaluation.no_judge"),
        key="run_judge",
        help=t("evaluation.judge_help"),
    )
    if judge_id:
        st.code(prompt_of("judge", language() if language() in LANGUAGES else "zh"), language=None, wrap_lines=True)
    return judge_id or ""


def _cost(estimate: RunEstimate) -> str:
    if not estimate.cases:
        return t("evaluation.cost_empty")
    if not estimate.calls:
        return t("evaluation.cost_nothing", cases=estimate.cases)
    tokens = f"{estimate.prompt_tokens + estimate.completion_tokens:,}"
    text = t("evaluation.cost", cases=estimate.cases, calls=estimate.calls, tokens=tokens)
    if estimate.price is None:
        return f"{text} {t('evaluation.price_unknown')}"
    return f"{text} {t('evaluation.price', price=f'{estimate.price:.2f}', currency=estimate.currency)}"


def _start(app: App, base_id: str, set_id: str, settings: RunSettings) -> None:
    try:
        run = app.evaluation_runs.start(base_id, set_id, settings, str(widget("run_name") or ""))
    except KBAppError as error:
        flash_error(error)
    else:
        RUN.set(run.id)


def progress(app: App, runs: Sequence[EvaluationRun]) -> None:
    """Show the runs that wait or run, twice a second, and redraw the page when one has ended."""
    active = [run.id for run in runs if run.is_active]
    if active:
        st.fragment(run_every=_REFRESH_S)(_progress)(app, active)


def _progress(app: App, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        try:
            run = app.evaluation_runs.get(run_id)
        except KBAppError:
            st.rerun()
        if not run.is_active:
            st.rerun()
        kind = "evaluation.generating" if run.kind == "generate" else "evaluation.running"
        text = t(kind, name=plain(set_name(run.set_name) if run.kind == "generate" else run.name))
        with st.container(horizontal=True, vertical_alignment="center", key=f"active_{run.id}"):
            st.progress(
                run.done / run.total if run.total else 0.0,
                text=f"{text} · {t('evaluation.progress', done=run.done, total=run.total)}",
            )
            st.button(
                t("common.cancel"),
                key=f"cancel_{run.id}",
                icon=":material/stop_circle:",
                on_click=app.evaluation_runs.cancel,
                args=(run.id,),
            )
