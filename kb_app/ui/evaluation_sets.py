"""Evaluation: sets of questions, their cases, and the review of those a model wrote."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import EvaluationCase, EvaluationSet, KnowledgeBase
from kb_app.ui.components import flash, flash_error
from kb_app.ui.evaluation_state import SET, UPLOADS, set_label, set_name
from kb_app.ui.markup import plain
from kb_app.ui.model_choice import QUOTE_MODEL, chat_models, model_name
from kb_app.ui.state import adopt_url, set_widget, widget
from kb_app.ui.text import t

_MOST_QUESTIONS, _USUAL_QUESTIONS = 200, 10
_SPLIT_ICONS = {"test": "", "train": "🎓", "validation": "🎓"}


def sets_view(app: App, base: KnowledgeBase, sets: Sequence[EvaluationSet]) -> None:
    """Draw the sets of a base and the picked one."""
    with st.container(horizontal=True, key="set_actions"):
        _new_set(app, base)
        _upload(app, base)
    if not sets:
        st.info(t("evaluation.no_sets"), icon=":material/quiz:")
        return
    by_id = {one.id: one for one in sets}
    picked = adopt_url(SET) if adopt_url(SET) in by_id else sets[0].id
    set_widget("set_choice", picked)
    st.selectbox(
        t("evaluation.set"),
        options=list(by_id),
        format_func=lambda set_id: set_label(by_id[set_id]),
        key="set_choice",
        on_change=lambda: SET.set(str(widget("set_choice"))),
    )
    chosen = by_id[picked]
    if chosen.kind:
        st.caption(t(f"evaluation.about_{chosen.kind}"))
    cases = app.evaluation.cases(picked)
    if not chosen.kind:
        with st.container(horizontal=True, key="case_actions"):
            _add_case(app, chosen)
            _generate(app, chosen)
    _review(app, [case for case in cases if case.status == "draft"])
    _table(app, chosen, [case for case in cases if case.status == "approved"])


def _new_set(app: App, base: KnowledgeBase) -> None:
    with st.popover(t("evaluation.new_set"), icon=":material/add:", key="new_set"), st.form("new_set_form"):
        st.text_input(t("evaluation.set_name"), key="new_set_name", max_chars=80)
        st.form_submit_button(t("evaluation.create"), on_click=_create, args=(app, base.id))


def _create(app: App, base_id: str) -> None:
    try:
        SET.set(app.evaluation.create_set(base_id, str(widget("new_set_name") or "")).id)
    except KBAppError as error:
        flash_error(error)


def _upload(app: App, base: KnowledgeBase) -> None:
    with st.popover(t("evaluation.import"), icon=":material/upload_file:", key="import_questions"):
        st.caption(t("evaluation.import_text"))
        key = f"questions_{UPLOADS.get()}"
        file = st.file_uploader(t("evaluation.file"), type=["csv", "tsv", "json", "jsonl"], key=key)
        if file is not None:
            st.button(
                t("evaluation.import_now"),
                key="import_now",
                type="primary",
                on_click=_import,
                args=(app, base.id, file.name, file.getvalue()),
            )


def _import(app: App, base_id: str, file_name: str, data: bytes) -> None:
    name = file_name.rsplit(".", 1)[0]
    try:
        done = app.evaluation.import_questions(base_id, name, data, file_name)
    except KBAppError as error:
        flash_error(error)
        return
    found = app.evaluation.find(base_id, " ".join(name.split())[:80])
    SET.set(found.id if found else "")
    UPLOADS.set(UPLOADS.get() + 1)
    said = [t("evaluation.imported", count=done.added, known=done.known)]
    if done.without_passage:
        said.append(t("evaluation.without_passage", count=done.without_passage))
    flash("  \n".join(said))


def _add_case(app: App, chosen: EvaluationSet) -> None:
    with (
        st.popover(t("evaluation.add_case"), icon=":material/add_comment:", key="add_case"),
        st.form("add_case_form", clear_on_submit=True),
    ):
        st.text_input(t("evaluation.question"), key="case_question", max_chars=2_000)
        st.text_area(t("evaluation.expected"), key="case_answer", help=t("evaluation.expected_help"))
        st.checkbox(t("evaluation.to_decline"), key="case_refuses")
        st.form_submit_button(t("evaluation.add"), on_click=_add, args=(app, chosen.id))


def _add(app: App, set_id: str) -> None:
    answer = str(widget("case_answer") or "")
    case = EvaluationCase(
        question=str(widget("case_question") or ""),
        answers=tuple(line for line in answer.splitlines() if line.strip()),
        refuses=bool(widget("case_refuses")),
    )
    try:
        app.evaluation.add_case(set_id, case)
    except KBAppError as error:
        flash_error(error)


def _generate(app: App, chosen: EvaluationSet) -> None:
    with st.popover(t("evaluation.generate"), icon=":material/auto_awesome:", key="generate"):
        models = {name: info for name, info in chat_models(app).items() if name != QUOTE_MODEL}
        if not models:
            st.caption(t("evaluation.generate_needs_model"))
            return
        st.caption(t("evaluation.generate_text"))
        st.selectbox(
            t("evaluation.model"),
            list(models),
            format_func=lambda name: model_name(name, models.get(name)),
            key="generate_model",
        )
        st.number_input(t("evaluation.how_many"), 1, _MOST_QUESTIONS, _USUAL_QUESTIONS, key="generate_count")
        st.button(t("evaluation.generate_now"), key="generate_now", on_click=_start_generating, args=(app, chosen.id))


def _start_generating(app: App, set_id: str) -> None:
    try:
        count = int(str(widget("generate_count") or _USUAL_QUESTIONS))
        app.evaluation_runs.generate(set_id, str(widget("generate_model")), count)
    except KBAppError as error:
        flash_error(error)


def _review(app: App, drafts: Sequence[EvaluationCase]) -> None:
    """Draw the first of the generated cases, to be corrected, taken or thrown away."""
    if not drafts:
        return
    case = drafts[0]
    with st.container(border=True, key="review"):
        st.markdown(f"**{t('evaluation.review', count=len(drafts))}**")
        st.text_input(t("evaluation.question"), value=case.question, key=f"review_question_{case.id}")
        st.text_area(t("evaluation.expected"), value="\n".join(case.answers), key=f"review_answer_{case.id}")
        for passage in case.passages:
            st.caption(f":material/description: {plain(passage.document)}  \n{plain(passage.text)}")
        with st.container(horizontal=True):
            st.button(
                t("evaluation.take"),
                key="take_case",
                type="primary",
                icon=":material/check:",
                on_click=_take,
                args=(app, case),
            )
            st.button(
                t("evaluation.throw_away"),
                key="drop_case",
                icon=":material/delete:",
                on_click=app.evaluation.delete_cases,
                args=([case.id],),
            )


def _take(app: App, case: EvaluationCase) -> None:
    answer = str(widget(f"review_answer_{case.id}") or "")
    changed = replace(
        case,
        question=str(widget(f"review_question_{case.id}") or ""),
        answers=tuple(line for line in answer.splitlines() if line.strip()),
        status="approved",
    )
    try:
        app.evaluation.save_case(changed)
    except KBAppError as error:
        flash_error(error)


def _table(app: App, chosen: EvaluationSet, cases: Sequence[EvaluationCase]) -> None:
    if not cases:
        st.caption(t("evaluation.no_cases"))
    else:
        rows = [
            {
                t("evaluation.question"): f"{_SPLIT_ICONS[case.split]}{case.question}",
                t("evaluation.expected"): t("evaluation.to_decline") if case.refuses else " / ".join(case.answers),
                t("evaluation.passages"): " / ".join(dict.fromkeys(one.document for one in case.passages)),
                t("evaluation.origin"): t(f"evaluation.origin_{case.origin}"),
            }
            for case in cases
        ]
        picked = st.dataframe(
            rows, hide_index=True, on_select="rerun", selection_mode="multi-row", key=f"set_cases_{chosen.id}"
        )
        if any(case.split != "test" for case in cases):
            st.caption(t("evaluation.trained_note"))
        ids = [cases[place].id for place in picked.selection.rows if place < len(cases)]
        if ids and chosen.kind != "corrections":
            st.button(
                t("evaluation.delete_cases", count=len(ids)),
                key="delete_cases",
                icon=":material/delete:",
                on_click=app.evaluation.delete_cases,
                args=(ids,),
            )
    if chosen.kind != "corrections":
        st.button(
            t("evaluation.delete_set", name=plain(set_name(chosen.name))),
            key="delete_set",
            type="tertiary",
            icon=":material/delete:",
            on_click=app.evaluation.delete_set,
            args=(chosen.id,),
        )
