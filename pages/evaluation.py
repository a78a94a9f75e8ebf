"""Evaluation: sets of questions, runs of models over them, and what got better."""

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import KnowledgeBase
from kb_app.ui.components import error_box
from kb_app.ui.evaluation_compare import comparison
from kb_app.ui.evaluation_results import results
from kb_app.ui.evaluation_runs import new_run, progress
from kb_app.ui.evaluation_sets import sets_view
from kb_app.ui.evaluation_state import VIEW
from kb_app.ui.navigation import go_to
from kb_app.ui.runtime import get_app
from kb_app.ui.state import BASE, adopt_url, set_widget, widget
from kb_app.ui.text import t

VIEWS = ("runs", "sets", "compare")


def main() -> None:
    app = get_app()
    bases = {base.id: base for base in app.library.bases()}
    st.title(t("evaluation.title"), anchor=False)
    st.markdown(t("evaluation.intro"))
    if not bases:
        st.info(t("chat.no_bases"), icon=":material/library_add:")
        st.button(t("chat.add_documents"), key="add_documents", on_click=go_to, args=("knowledge_bases",))
        return
    if adopt_url(BASE) not in bases:
        BASE.set(next(iter(bases)))
    base = bases[BASE.get()]
    with st.container(horizontal=True, vertical_alignment="bottom", key="evaluation_head"):
        set_widget("evaluation_base", base.id)
        st.selectbox(
            t("bases.choose"),
            options=list(bases),
            format_func=lambda base_id: bases[base_id].name,
            key="evaluation_base",
            on_change=lambda: BASE.set(str(widget("evaluation_base"))),
        )
        set_widget("evaluation_view", VIEW.get())
        st.segmented_control(
            t("evaluation.title"),
            options=VIEWS,
            format_func=lambda name: t(f"evaluation.view_{name}"),
            key="evaluation_view",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: VIEW.set(str(widget("evaluation_view"))),
        )
    try:
        _view(app, base)
    except NotFoundError as error:  # somebody else has just deleted the base
        error_box(error)


def _view(app: App, base: KnowledgeBase) -> None:
    runs = app.evaluation_runs.all(base.id)
    progress(app, runs)
    if VIEW.get() == "sets":
        sets_view(app, base, app.evaluation.sets(base.id))
    elif VIEW.get() == "compare":
        comparison(app, runs)
    else:
        new_run(app, base, app.evaluation.sets(base.id))
        results(app, runs)


main()
