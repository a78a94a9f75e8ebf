"""Models: which can be used, what the others lack, keys, servers and downloads."""

import streamlit as st

from kb_app.ui.models import cloud_list, other_list, progress, server_list, watch
from kb_app.ui.models_dialogs import model_dialogs
from kb_app.ui.models_ollama import ollama_section
from kb_app.ui.models_onnx import MIRROR_DIALOG, mirror_dialog, onnx_section
from kb_app.ui.models_use import fallback_picker, use_section
from kb_app.ui.runtime import get_app
from kb_app.ui.state import DIALOG
from kb_app.ui.text import t


def main() -> None:
    app = get_app()
    drawn = progress(app)
    connections = app.keys.connections()
    model_dialogs(app, connections)
    if DIALOG.get() == MIRROR_DIALOG:
        mirror_dialog(app)
    with st.container(horizontal=True, vertical_alignment="bottom", key="models_head"):
        st.title(t("models.title"), anchor=False)
        st.button(t("models.check"), key="check_models", icon=":material/refresh:", on_click=app.models.ask_again)
    st.markdown(t("models.intro"))
    ollama_section(app, next(one for one in connections if one.name == "ollama"))
    cloud_list(app, connections)
    server_list(app, connections)
    onnx_section(app)
    other_list(app)
    fallback_picker(app)
    use_section(app)
    watch(app, drawn)


main()
