"""Evaluation: two runs beside each other; what got better, what broke."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.models import CaseResult, EvaluationRun
from kb_app.services.evaluation.runs import RunComparison
from kb_app.ui.evaluation_charts import interval_chart, metric_name
from kb_app.ui.evaluation_results import case_card
from kb_app.ui.evaluation_state import run_label
from kb_app.ui.text import t

_SHOWN = 10


def comparison(app: App, runs: Sequence[EvaluationRun]) -> None:
    """Draw the pickers of two runs and how they differ."""
    ended = {run.id: run for run in runs if run.kind == "run" and run.state in ("done", "cancelled")}
    if len(ended) < 2:
        st.info(t("evaluation.compare_needs_two"), icon=":material/compare_arrows:")
        return
    ids = list(ended)
    before, after = st.columns(2)
    first = before.selectbox(
        t("evaluation.before"), ids, index=1, format_func=lambda run_id: run_label(ended[run_id]), key="compare_first"
    )
    second = after.selectbox(
        t("evaluation.after"), ids, index=0, format_func=lambda run_id: run_label(ended[run_id]), key="compare_second"
    )
    if first == second:
        st.caption(t("evaluation.compare_same"))
        return
    found = app.evaluation_runs.compare(first, second)
    if not found.metrics:
        st.info(t("evaluation.nothing_common"), icon=":material/compare_arrows:")
        return
    st.caption(t("evaluation.common", count=len(found.pairs)))
    changes = {name: one.difference for name, one in found.metrics.items()}
    interval_chart(
        {name: (one.mean, one.low, one.high) for name, one in changes.items()}, key="change_chart", signed=True
    )
    st.caption(t("evaluation.compare_note"))
    _table(found)
    _changes(found)


def _table(found: RunComparison) -> None:
    rows = [
        {
            t("evaluation.metric"): metric_name(name),
            t("evaluation.change"): f"{one.difference.mean:+.3f}" + (" *" if one.is_significant else ""),
            t("evaluation.interval"): f"{one.difference.low:+.3f} – {one.difference.high:+.3f}",
            t("evaluation.better"): one.better,
            t("evaluation.worse"): one.worse,
            t("evaluation.same"): one.same,
        }
        for name, one in found.metrics.items()
    ]
    with st.expander(t("evaluation.as_table")):
        st.dataframe(rows, hide_index=True, placeholder="–")


def _changes(found: RunComparison) -> None:
    metric = st.selectbox(
        t("evaluation.by_metric"),
        sorted(found.metrics, key=lambda name: -abs(found.metrics[name].difference.mean)),
        format_func=metric_name,
        key=f"compare_metric_{found.first.id}_{found.second.id}",
    )
    better, worse = found.changed(metric)
    shown = st.segmented_control(
        t("evaluation.changes"),
        options=("worse", "better"),
        format_func=lambda name: f"{t(f'evaluation.{name}')} {len(worse if name == 'worse' else better)}",
        default="worse" if worse else "better",
        required=True,
        key=f"compare_side_{metric}",
        label_visibility="collapsed",
    )
    pairs = worse if shown == "worse" else better
    if not pairs:
        st.caption(t("evaluation.no_changes"))
    for first, second in pairs[:_SHOWN]:
        _pair(first, second)
    if len(pairs) > _SHOWN:
        st.caption(t("evaluation.more_changes", count=len(pairs) - _SHOWN))


def _pair(first: CaseResult, second: CaseResult) -> None:
    before, after = st.columns(2)
    for column, side, result in ((before, "before", first), (after, "after", second)):
        with column:
            st.caption(t(f"evaluation.{side}"))
            case_card(result, side)
