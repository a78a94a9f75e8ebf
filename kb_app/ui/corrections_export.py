"""Corrections as training data: what would go in, what is wrong with it, and the archive."""

from collections.abc import Sequence
from itertools import islice

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.messages import translate
from kb_app.models import KnowledgeBase
from kb_app.services.training.exporting import ALL_TRAIN, USUAL_SPLIT, ExportPlan, ExportRequest
from kb_app.services.training.formats import FORMATS, ExportFormat
from kb_app.ui.components import error_box
from kb_app.ui.markup import plain, short
from kb_app.ui.state import Slot
from kb_app.ui.text import language, t

_REFRESH_S = 0.3
_SHOWN = 50
#: The request whose plan is being made, or was made.
_REQUEST: Slot[ExportRequest | None] = Slot(key="kb.export_request", default=None)


def exporting(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw what to export and how, and what comes of it."""
    by_id = {base.id: base for base in bases}
    if not by_id:
        st.info(t("chat.no_bases"), icon=":material/library_add:")
        return
    base_id = st.selectbox(t("bases.choose"), list(by_id), format_func=lambda one: by_id[one].name, key="export_base")
    request = _request(base_id)
    st.button(
        t("export.check"),
        key="check_export",
        type="primary",
        icon=":material/fact_check:",
        on_click=_REQUEST.set,
        args=(request,),
    )
    if _REQUEST.get() == request:
        _outcome(app, request)


def _request(base_id: str) -> ExportRequest:
    names: tuple[ExportFormat, ...] = tuple(FORMATS)
    name = st.selectbox(
        t("export.format"), names, format_func=lambda one: t(f"export.format_{one}"), key="export_format"
    )
    first, second = st.columns(2)
    is_split = first.toggle(t("export.split"), value=True, key="export_split", help=t("export.split_help"))
    with_context = first.toggle(t("export.context"), key="export_context", help=t("export.context_help"))
    mask = second.toggle(t("export.mask"), key="export_mask", help=t("export.mask_help"))
    include_stale = second.toggle(t("export.include_stale"), key="export_stale")
    leave_out = second.toggle(t("export.leave_out"), key="export_leave_out", help=t("export.leave_out_help"))
    seed = first.number_input(t("export.seed"), 0, 999_999, 42, key="export_seed") if is_split else 42
    return ExportRequest(
        base_id=base_id,
        format=name,
        shares=USUAL_SPLIT if is_split else ALL_TRAIN,
        seed=int(seed),
        with_context=with_context,
        mask=mask,
        include_stale=include_stale,
        leave_out=leave_out,
    )


def _outcome(app: App, request: ExportRequest) -> None:
    """Draw the data set when it is made; until then, that it is being made."""
    task = app.export_tasks.task(request)
    if not task.done():
        st.fragment(run_every=_REFRESH_S)(_waiting)(app, request)
        return
    try:
        plan, archive = task.result()
    except KBAppError as error:
        error_box(error)
        return
    _facts(plan)
    _problems(plan)
    _personal_data(plan)
    if isinstance(archive, KBAppError):
        error_box(archive)
        return
    st.download_button(
        t("export.download", count=len(plan.examples)),
        data=archive,
        file_name=f"{request.format}.zip",
        mime="application/zip",
        key="download_export",
        icon=":material/download:",
        type="primary",
        on_click=app.exports.record,
        args=(plan,),
    )


def _waiting(app: App, request: ExportRequest) -> None:
    if app.export_tasks.task(request).done():
        st.rerun()
    st.caption(":material/hourglass_top: " + t("export.making"))


def _facts(plan: ExportPlan) -> None:
    parts = [t("export.examples", count=len(plan.examples))]
    parts += [t(f"export.{split}", count=count) for split, count in plan.counts.items()]
    parts.append(t("export.groups", count=plan.group_count))
    st.markdown(" · ".join(parts))
    if plan.stale_count and not plan.request.include_stale:
        st.caption(t("export.stale", count=plan.stale_count))


def _problems(plan: ExportPlan) -> None:
    if not plan.problems:
        return
    key = "export.left_out" if plan.request.leave_out else "export.in_the_way"
    with st.expander(t(key, count=len(plan.problems)), expanded=not plan.request.leave_out):
        for problem in islice(plan.problems, _SHOWN):
            st.markdown(
                f"{plain(short(problem.question, 80))} :gray[{translate(language(), f'export.problem.{problem.kind}')}]"
            )


def _personal_data(plan: ExportPlan) -> None:
    if not plan.personal_data:
        return
    key = "export.masked" if plan.request.mask else "export.found"
    with st.expander(t(key, count=len(plan.personal_data)), icon=":material/shield_person:"):
        rows = [
            {t("export.kind"): t(f"export.kind_{one.kind}"), t("export.text"): one.text}
            for one in plan.personal_data[: 10 * _SHOWN]
        ]
        st.dataframe(rows, hide_index=True)
        st.caption(t("export.found_note"))
