"""The dialogs of the Models page: connection of a provider, a further server, deletions.

A typed key goes to the service and is taken out of the session at once, also when it was refused.
"""

from collections.abc import Sequence

import streamlit as st
from pydantic import SecretStr

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.messages import catalogue
from kb_app.services.models.keys import Connection, ConnectionEntry
from kb_app.ui.components import confirm, flash, flash_error, form_dialog
from kb_app.ui.markup import label
from kb_app.ui.models_use import PRICE_DIALOG, price_dialog
from kb_app.ui.state import DIALOG, set_widget, widget
from kb_app.ui.text import language, t

ADD_SERVER = "add_server"
CONNECT, REMOVE_SERVER, DELETE_MODEL, DELETE_ONNX = "connect:", "remove_server:", "delete_model:", "delete_onnx:"
_NAME, _ADDRESS, _KEY, _CHAT, _EMBEDDING = "server_name", "server_address", "server_key", "server_chat", "server_embed"


def provider_name(name: str) -> str:
    """Return a provider's name for people; a server has the name it was given."""
    return catalogue(language()).get(f"ui.models.name_{name}", name)


def model_dialogs(app: App, connections: Sequence[Connection]) -> None:
    """Show the dialog that was asked for, if any."""
    wanted = DIALOG.get()
    by_name = {one.name: one for one in connections}
    kind, _, target = wanted.partition(":")
    if wanted == ADD_SERVER:
        form_dialog(t("models.add_server"), t("models.add"), lambda: _fields(None), lambda: _add(app))
    elif wanted == PRICE_DIALOG:
        price_dialog(app)
    elif f"{kind}:" == CONNECT and target in by_name:
        title = t("models.connect_title", name=label(provider_name(target)))
        form_dialog(title, t("common.save"), lambda: _fields(by_name[target]), lambda: _save(app, by_name[target]))
    elif f"{kind}:" == REMOVE_SERVER:
        title = t("models.remove_server_title", name=label(target))
        confirm(title, t("models.remove_server_text"), t("models.remove_server"), lambda: _remove(app, target))
    elif f"{kind}:" == DELETE_MODEL:
        title = t("models.delete_title", name=label(target))
        confirm(title, t("models.delete_text"), t("common.delete"), lambda: app.model_store.delete(target))
    elif f"{kind}:" == DELETE_ONNX:
        title = t("models.delete_title", name=label(target))
        confirm(title, t("models.delete_text"), t("common.delete"), lambda: app.onnx_store.delete(target))


def _fields(connection: Connection | None) -> None:
    name = connection.name if connection else ""
    fixed = connection.fixed if connection else frozenset()
    if connection is None:
        st.text_input(t("models.server_name"), key=_NAME, placeholder="lab", max_chars=40)
    is_key_first = connection is not None and name != "ollama" and not connection.added
    if is_key_first:
        _key_field(connection, fixed)
    st.text_input(
        t("models.address") if connection is None or connection.added else t("models.address_optional"),
        value=connection.base_url if connection else "",
        key=f"{_ADDRESS}_{name}",
        placeholder=_example_address(name),
        disabled="base_url" in fixed,
    )
    if not is_key_first:
        _key_field(connection, fixed)
    if name == "ollama":
        return
    for field, key, text in (
        ("chat_models", _CHAT, t("models.chat_models")),
        ("embedding_models", _EMBEDDING, t("models.embedding_models")),
    ):
        names: tuple[str, ...] = getattr(connection, field) if connection else ()
        st.text_input(
            text,
            value=", ".join(names),
            key=f"{key}_{name}",
            placeholder=t("models.names_hint"),
            disabled=field in fixed,
        )
    if fixed:
        st.caption(t("models.fixed"))


def _key_field(connection: Connection | None, fixed: frozenset[str]) -> None:
    name = connection.name if connection else ""
    has_key = connection is not None and bool(connection.masked_key)
    st.text_input(
        t("models.key") if name and name != "ollama" else t("models.key_optional"),
        type="password",
        key=f"{_KEY}_{name}",
        autocomplete="new-password",
        placeholder=t("models.key_kept", key=connection.masked_key) if connection and has_key else "",
        disabled="api_key" in fixed,
    )
    special = catalogue(language()).get(f"ui.models.key_help_{name}", "")
    st.caption(" ".join(part for part in (special, t("models.key_stored")) if part))


def _example_address(name: str) -> str:
    if name == "azure":
        return "https://NAME.openai.azure.com/openai/v1"
    if name == "ollama":
        return "http://127.0.0.1:11434"
    return "http://127.0.0.1:8000/v1" if not name else ""


def _entry(name: str) -> ConnectionEntry:
    key = str(widget(f"{_KEY}_{name}") or "")
    set_widget(f"{_KEY}_{name}", "")
    return ConnectionEntry(
        base_url=str(widget(f"{_ADDRESS}_{name}") or ""),
        api_key=SecretStr(key) if key.strip() else None,
        chat_models=_names(f"{_CHAT}_{name}"),
        embedding_models=_names(f"{_EMBEDDING}_{name}"),
    )


def _names(key: str) -> tuple[str, ...]:
    typed = str(widget(key) or "").replace("，", ",").replace("、", ",")
    return tuple(name.strip() for name in typed.split(",") if name.strip())


def _add(app: App) -> None:
    name = str(widget(_NAME) or "")
    app.keys.add_server(name, _entry(""))
    flash(t("models.added", name=name))


def _save(app: App, connection: Connection) -> None:
    app.keys.save(connection.name, _entry(connection.name))
    flash(t("models.saved", name=provider_name(connection.name)))


def _remove(app: App, name: str) -> None:
    try:
        app.keys.remove_server(name)
    except KBAppError as error:
        flash_error(error)
    else:
        flash(t("models.removed", name=name))
