"""Ollama: its state, a model that fits this machine, what is installed, downloads and deletions."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import ModelInfo
from kb_app.services.models.hardware import EMBEDDING_MODEL, Memory, recommended_chat_model
from kb_app.services.models.keys import Connection
from kb_app.ui.components import flash_error, open_dialog
from kb_app.ui.markup import label, plain
from kb_app.ui.model_tasks import task_list
from kb_app.ui.models import provider_state, reason, state_badge, trial_button, trial_result
from kb_app.ui.models_dialogs import CONNECT, DELETE_MODEL
from kb_app.ui.state import set_widget, widget
from kb_app.ui.text import file_size, t

_PULL_NAME = "pull_name"
_LOCAL = ("", "127.0.0.1", "localhost", "::1", "0.0.0.0")


def ollama_section(app: App, connection: Connection) -> None:
    """Draw everything about the Ollama server."""
    infos = [info for info in app.models.cached() if info.provider == "ollama"]
    state, error = provider_state(app, connection, infos)
    with st.container(horizontal=True, vertical_alignment="center", key="ollama_head"):
        st.subheader(f"Ollama {state_badge(state)}", anchor=False)
        st.button(
            t("models.address_button"),
            key="connect_ollama",
            icon=":material/settings_ethernet:",
            on_click=open_dialog,
            args=(CONNECT + "ollama",),
        )
    st.caption(t("models.ollama_text"))
    if state == "unreachable":
        with st.container(border=True, key="ollama_unreachable"):
            reason(error)
            st.markdown(f":small[{t('models.ollama_start')}]")
        return
    installed = [info for info in infos if info.state == "ready"]
    for info in installed:
        _installed_row(app, info)
    for info in infos:
        if info.state == "unreachable":
            reason(info.error)
    if state != "checking":
        _downloads(app, connection, installed)


def _installed_row(app: App, info: ModelInfo) -> None:
    name = info.id.partition("/")[2]
    with st.container(key=f"row_model_{info.id}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            kind = t(f"models.{info.kind}")
            st.markdown(f"**{label(name)}** :gray-badge[{kind}]{_loaded_badge(info)}", width="stretch")
            trial_button(app, info.id, info.kind, t("models.test"))
            st.button(
                "",
                key=f"delete_model_{info.id}",
                icon=":material/delete:",
                help=t("models.delete", name=name),
                on_click=open_dialog,
                args=(DELETE_MODEL + name,),
            )
        st.caption(plain(_facts(info)))
        trial_result(app.trials.get(info.id))


def _loaded_badge(info: ModelInfo) -> str:
    return f" :green-badge[{t('models.loaded')}]" if info.details.get("loaded") else ""


def _facts(info: ModelInfo) -> str:
    details = info.details
    parts = [file_size(int(details.get("size_bytes", 0)))]
    parts += [str(details[key]) for key in ("parameters", "quantization") if details.get(key)]
    if details.get("context_tokens"):
        parts.append(t("models.window", tokens=f"{int(details['context_tokens']):,}"))
    if details.get("loaded"):
        used, on_gpu = int(details.get("memory_bytes", 0)), int(details.get("vram_bytes", 0))
        where = "models.on_cpu" if not on_gpu else "models.on_gpu" if on_gpu >= used else "models.on_both"
        parts.append(t(where, total=file_size(used), gpu=file_size(on_gpu)))
        if details.get("loaded_context_tokens"):
            parts.append(t("models.loaded_window", tokens=f"{int(details['loaded_context_tokens']):,}"))
    return " · ".join(parts)


def _downloads(app: App, connection: Connection, installed: Sequence[ModelInfo]) -> None:
    with st.container(border=True, key="ollama_downloads", gap="small"):
        st.markdown(f"**{t('models.download_title')}**")
        _recommendation(app, connection, installed)
        with st.form("pull", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(t("models.pull_name"), key=_PULL_NAME, placeholder="qwen3:4b", label_visibility="collapsed")
            st.form_submit_button(
                t("models.pull"), key="pull_submit", icon=":material/download:", on_click=_pull_typed, args=(app,)
            )
        task_list(app.model_store)


def _recommendation(app: App, connection: Connection, installed: Sequence[ModelInfo]) -> None:
    memory = app.hardware.memory()
    if memory is None or (urlsplit(connection.base_url).hostname or "") not in _LOCAL:
        return
    on_gpu = max((int(info.details.get("vram_bytes", 0)) for info in installed), default=0)
    if on_gpu > memory.gpu_bytes:  # a GPU only the server knows of: it has at least what is in use there
        memory = Memory(total_bytes=memory.total_bytes, gpu_bytes=on_gpu)
    model, size = recommended_chat_model(memory)
    params = {"memory": file_size(memory.total_bytes), "gpu": file_size(memory.gpu_bytes), "name": memory.gpu_name}
    kind = "found_gpu" if memory.gpu_name else "found_some_gpu" if memory.gpu_bytes else "found_no_gpu"
    found = t(f"models.{kind}", **params)
    st.markdown(f":small[{plain(found)} {t('models.recommended', model=label(model), size=file_size(size))}]")
    present = {info.id.partition("/")[2] for info in installed}
    missing = [name for name in (model, EMBEDDING_MODEL) if name not in present]
    if missing:
        with st.container(horizontal=True):
            for name in missing:
                st.button(
                    t("models.pull_named", name=name),
                    key=f"pull_{name}",
                    icon=":material/download:",
                    on_click=app.model_store.pull,
                    args=(name,),
                )


def _pull_typed(app: App) -> None:
    try:
        app.model_store.pull(str(widget(_PULL_NAME) or ""))
    except KBAppError as error:
        flash_error(error)
    else:
        set_widget(_PULL_NAME, "")
