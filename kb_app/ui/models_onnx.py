"""ONNX embedding models: what is in the folder, what can be fetched, and from where."""

import streamlit as st

from kb_app.app import App
from kb_app.providers.onnx import NAME
from kb_app.providers.onnx_download import RemoteModel
from kb_app.ui.components import form_dialog, open_dialog
from kb_app.ui.markup import label
from kb_app.ui.model_tasks import task_list
from kb_app.ui.models import reason, trial_button, trial_result
from kb_app.ui.models_dialogs import DELETE_ONNX
from kb_app.ui.state import widget
from kb_app.ui.text import file_size, t

MIRROR_DIALOG = "onnx_mirror"
_MIRROR = "onnx_mirror_address"


def onnx_section(app: App) -> None:
    """Draw everything about the models in the folder."""
    st.subheader(t("onnx.title"), anchor=False)
    st.caption(t("onnx.text"))
    for info in app.models.cached("embedding"):
        if info.provider == NAME:
            _installed_row(app, info.id, int(info.details.get("size_bytes", 0)))
            reason(info.error)
    offered = app.onnx_store.offered()
    if offered or app.onnx_store.tasks():
        with st.container(border=True, key="onnx_downloads", gap="small"):
            for model in offered:
                _offer(app, model)
            task_list(app.onnx_store)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(label(t("onnx.from", address=app.onnx_store.address), limit=150), width="stretch")
                st.button(
                    t("onnx.change"),
                    key="change_mirror",
                    type="tertiary",
                    on_click=open_dialog,
                    args=(MIRROR_DIALOG,),
                )


def _installed_row(app: App, model_id: str, size_bytes: int) -> None:
    name = model_id.partition("/")[2]
    with st.container(horizontal=True, vertical_alignment="center", key=f"row_model_{model_id}"):
        st.markdown(f"**{label(name)}** :gray[{file_size(size_bytes) if size_bytes else ''}]", width="stretch")
        trial_button(app, model_id, "embedding", t("models.test"))
        st.button(
            "",
            key=f"delete_model_{model_id}",
            icon=":material/delete:",
            help=t("models.delete", name=name),
            on_click=open_dialog,
            args=(DELETE_ONNX + name,),
        )
    trial_result(app.trials.get(model_id))


def _offer(app: App, model: RemoteModel) -> None:
    languages = ", ".join(t(f"onnx.language_{name}") for name in model.languages)
    running = any(task.model == model.name and task.state == "running" for task in app.onnx_store.tasks())
    with st.container(horizontal=True, vertical_alignment="center", key=f"offer_{model.name}"):
        about = t("onnx.about", languages=languages, size=file_size(model.about_mb * 1_000_000))
        st.markdown(f"**{label(model.name)}** :small[:gray[{label(about)}]]", width="stretch")
        st.button(
            t("onnx.fetch"),
            key=f"fetch_{model.name}",
            icon=":material/download:",
            help=t("onnx.go_on"),
            disabled=running,
            on_click=app.onnx_store.fetch,
            args=(model.name,),
        )


def mirror_dialog(app: App) -> None:
    """Show the form for the address that models are fetched from."""

    def fields() -> None:
        st.text_input(
            t("onnx.mirror"),
            value=app.model_choices.onnx_mirror,
            key=_MIRROR,
            placeholder=app.onnx_store.address,
            help=t("onnx.mirror_help"),
        )

    def save() -> None:
        app.model_choices.set_onnx_mirror(str(widget(_MIRROR) or ""))

    form_dialog(t("onnx.mirror_title"), t("common.save"), fields, save)
