"""Knowledge bases: choose, create, rename, re-index, delete."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import KnowledgeBase
from kb_app.ui.base_settings import SETTINGS_DIALOG, settings_dialog
from kb_app.ui.components import confirm, flash, flash_error, form_dialog, open_dialog
from kb_app.ui.markup import label
from kb_app.ui.state import (
    BASE,
    DIALOG,
    DOCUMENT_PAGE,
    MENU_GENERATION,
    SELECTED_DOCUMENTS,
    adopt_url,
    set_widget,
    widget,
)
from kb_app.ui.summaries import SUMMARIES_DIALOG, summaries_dialog
from kb_app.ui.text import t

CREATE_DIALOG, RENAME_DIALOG, REINDEX_DIALOG, DELETE_DIALOG = (
    "create_base",
    "rename_base",
    "reindex_base",
    "delete_base",
)
_BUILTIN_EMBEDDER = "builtin"
_NAME, _EMBEDDER = "base_name", "base_embedder"


def choose_base(bases: Sequence[KnowledgeBase]) -> KnowledgeBase:
    """Draw the picker of knowledge bases and return the picked one; ``bases`` must not be empty."""
    by_id = {base.id: base for base in bases}
    picked = adopt_url(BASE)
    if picked not in by_id:
        picked = bases[0].id
        BASE.set(picked)
    with st.container(horizontal=True, vertical_alignment="bottom", key="base_picker"):
        set_widget("base_choice", picked)
        st.selectbox(
            t("bases.choose"),
            options=list(by_id),
            format_func=lambda base_id: by_id[base_id].name,
            key="base_choice",
            on_change=lambda: show_base(str(widget("base_choice"))),
        )
        st.button(t("bases.new"), key="new_base", icon=":material/add:", on_click=open_dialog, args=(CREATE_DIALOG,))
    return by_id[picked]


def show_base(base_id: str) -> None:
    """Make ``base_id`` the base the page shows."""
    BASE.set(base_id)
    SELECTED_DOCUMENTS.pop()
    DOCUMENT_PAGE.pop()


def base_actions(base: KnowledgeBase) -> None:
    """Draw what can be done with the whole base."""
    # A new key closes the menu, which would stay open above the dialog.
    menu = st.container(key="base_menu", width="content")
    with menu.popover(t("bases.more"), icon=":material/more_horiz:", key=f"base_menu_{MENU_GENERATION.get()}"):
        for text, icon, dialog in (
            (t("settings.title"), ":material/tune:", SETTINGS_DIALOG),
            (t("summaries.title"), ":material/auto_awesome:", SUMMARIES_DIALOG),
            (t("bases.rename"), ":material/edit:", RENAME_DIALOG),
            (t("bases.reindex"), ":material/autorenew:", REINDEX_DIALOG),
            (t("bases.delete"), ":material/delete:", DELETE_DIALOG),
        ):
            st.button(
                text,
                key=f"ask_{dialog}",
                icon=icon,
                type="tertiary",
                width="stretch",
                on_click=_choose,
                args=(dialog,),
                disabled=dialog == REINDEX_DIALOG and not base.document_count,
            )


def _choose(dialog: str) -> None:
    MENU_GENERATION.set(MENU_GENERATION.get() + 1)
    open_dialog(dialog)


def base_dialogs(app: App, base: KnowledgeBase | None) -> None:
    """Show the dialog that was asked for, if any."""
    wanted = DIALOG.get()
    if wanted == CREATE_DIALOG:
        form_dialog(t("bases.new"), t("bases.create"), lambda: _create_fields(app), lambda: _create(app))
    elif base is None:
        return
    elif wanted == SETTINGS_DIALOG:
        settings_dialog(app, base)
    elif wanted == SUMMARIES_DIALOG:
        summaries_dialog(app, base)
    elif wanted == RENAME_DIALOG:
        form_dialog(t("bases.rename"), t("common.save"), lambda: _name_field(base.name), lambda: _rename(app, base))
    elif wanted == REINDEX_DIALOG:
        title = t("bases.reindex_title", name=label(base.name))
        form_dialog(title, t("bases.reindex"), lambda: _reindex_fields(app, base), lambda: _reindex(app, base))
    elif wanted == DELETE_DIALOG:
        text = t("bases.delete_text", documents=base.document_count)
        title = t("bases.delete_title", name=label(base.name))
        confirm(title, text, t("common.delete"), lambda: _delete(app, base))


def _name_field(name: str = "") -> None:
    st.text_input(t("bases.name"), value=name, placeholder=t("bases.name_hint"), max_chars=100, key=_NAME)


def _create_fields(app: App) -> None:
    _name_field()
    _embedder_field(app, _BUILTIN_EMBEDDER)


def _embedder_field(app: App, current: str) -> None:
    """Draw the choice of an embedder, ``current`` first, where there is one."""
    ready = [model.id for model in app.models.cached() if model.kind == "embedding" and model.state == "ready"]
    options = list(dict.fromkeys((current, _BUILTIN_EMBEDDER, *ready)))
    if len(options) > 1:
        st.selectbox(t("bases.embedder"), options=options, format_func=_embedder_name, key=_EMBEDDER)


def _embedder_name(model_id: str) -> str:
    return t("bases.embedder_builtin") if model_id == _BUILTIN_EMBEDDER else model_id


def _create(app: App) -> None:
    base = app.library.create(str(widget(_NAME) or ""), embedder=str(widget(_EMBEDDER) or _BUILTIN_EMBEDDER))
    show_base(base.id)
    flash(t("bases.created", name=base.name))


def _rename(app: App, base: KnowledgeBase) -> None:
    app.library.rename(base.id, str(widget(_NAME) or ""))
    flash(t("bases.renamed"))


def _reindex_fields(app: App, base: KnowledgeBase) -> None:
    st.markdown(t("bases.reindex_text", documents=base.document_count, chunks=base.chunk_count))
    _embedder_field(app, base.embedder)


def _reindex(app: App, base: KnowledgeBase) -> None:
    app.library.reindex(base.id, embedder=str(widget(_EMBEDDER) or base.embedder))


def _delete(app: App, base: KnowledgeBase) -> None:
    try:
        app.library.delete(base.id)
    except KBAppError as error:
        flash_error(error)
    else:
        BASE.set("")
        flash(t("bases.deleted", name=base.name))
