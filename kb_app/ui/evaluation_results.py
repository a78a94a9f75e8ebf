"""Evaluation: what a run measured, as a chart, a table, and case by case."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb_app.app import App
from kb_app.models import CaseResult, EvaluationRun, MetricSummary
from kb_app.ui.components import error_box
from kb_app.ui.evaluation_charts import interval_chart, metric_name
from kb_app.ui.evaluation_state import RUN, run_label, set_name
from kb_app.ui.markup import plain, safe, short
from kb_app.ui.state import adopt_url, set_widget, widget
from kb_app.ui.text import local_time, t

#: Shown in the table of cases, as far as they were measured.
_CASE_METRICS = ("hit@5", "mrr", "contains", "rougeL", "citation_recall", "correct_refusal", "judge_correct")
_EXCERPT_CHARS = 160


def results(app: App, runs: Sequence[EvaluationRun]) -> None:
    """Draw the picker of runs and the picked one."""
    ended = {run.id: run for run in runs if run.kind == "run" and not run.is_active}
    if not ended:
        st.caption(t("evaluation.no_runs"))
        return
    picked = adopt_url(RUN) if adopt_url(RUN) in ended else next(iter(ended))
    set_widget("run_choice", picked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("evaluation.run"),
            options=list(ended),
            format_func=lambda run_id: run_label(ended[run_id]),
            key="run_choice",
            on_change=lambda: RUN.set(str(widget("run_choice"))),
        )
        st.button(
            t("evaluation.delete_run"),
            key="delete_run",
            icon=":material/delete:",
            on_click=_delete,
            args=(app, picked),
        )
    _facts(ended[picked])
    if ended[picked].summary:
        shares = {name: (one.mean, one.low, one.high) for name, one in ended[picked].summary.items()}
        interval_chart(shares, key="run_chart")
        st.caption(t("evaluation.chart_note"))
        _table(ended[picked].summary)
    _cases(app.evaluation_runs.results(picked))


def _delete(app: App, run_id: str) -> None:
    app.evaluation_runs.delete(run_id)
    RUN.set("")


def _facts(run: EvaluationRun) -> None:
    facts = [
        t(f"evaluation.state_{run.state}"),
        plain(run.settings.model_id),
        plain(set_name(run.set_name)),
        t("evaluation.answered_count", count=run.done),
        local_time(run.ended_at),
    ]
    st.caption(" · ".join(facts))
    if run.reused:
        st.caption(":material/history_edu: " + t("evaluation.reused", count=run.reused))
    if run.left_out:
        st.caption(":material/school: " + t("evaluation.left_out", count=run.left_out))
    if run.failed:
        st.warning(t("evaluation.failed", count=run.failed), icon=":material/error:")
    if run.error is not None:
        error_box(run.error)


def _table(summary: Mapping[str, MetricSummary]) -> None:
    rows = [
        {
            t("evaluation.metric"): metric_name(name),
            t("evaluation.mean"): f"{one.mean:.3f}",
            t("evaluation.interval"): f"{one.low:.3f} – {one.high:.3f}",
            t("evaluation.cases"): one.cases,
        }
        for name, one in summary.items()
    ]
    with st.expander(t("evaluation.as_table")):
        st.dataframe(rows, hide_index=True, placeholder="–")


def _cases(found: Sequence[CaseResult]) -> None:
    st.subheader(t("evaluation.cases"), anchor=False)
    shown = [name for name in _CASE_METRICS if any(name in result.metrics for result in found)]
    rows = [
        {t("evaluation.question"): result.case.question}
        | {metric_name(name): result.metrics.get(name) for name in shown}
        for result in found
    ]
    columns = {metric_name(name): st.column_config.NumberColumn(format="%.2f") for name in shown}
    st.caption(t("evaluation.pick_case"))
    picked = st.dataframe(
        rows,
        hide_index=True,
        column_config=columns,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        key=f"cases_{RUN.get()}",
    )
    for place in picked.selection.rows[:1]:
        if place < len(found):
            case_card(found[place])


def case_card(result: CaseResult, side: str = "one") -> None:
    """Draw one case: what was asked and expected, what was answered, and what it cites; ``side`` keeps two apart."""
    with st.container(border=True, key=f"case_{side}_{result.position}"):
        st.markdown(f"**{plain(result.case.question)}**")
        expected = t("evaluation.to_decline") if result.case.refuses else " / ".join(result.case.answers)
        if expected:
            st.markdown(f":small[:gray[{t('evaluation.expected')}]]  \n{plain(expected)}")
        for passage in result.case.passages:
            st.caption(
                f":material/description: {plain(passage.document)} — {plain(short(passage.text, _EXCERPT_CHARS))}"
            )
        st.markdown(f":small[:gray[{t('evaluation.answer')}]]")
        st.markdown(safe(result.answer))
        for source in result.sources:
            if source.marker in result.cited:
                st.caption(
                    f"\\[{source.marker}\\] {plain(source.document)} — {plain(short(source.text, _EXCERPT_CHARS))}"
                )
        if result.reused_id is not None:
            st.caption(":material/history_edu: " + t("evaluation.reused_case"))
        if result.judgement is not None:
            st.caption(f":material/gavel: {plain(result.judgement.reason)}")
        if result.error is not None:
            error_box(result.error)
