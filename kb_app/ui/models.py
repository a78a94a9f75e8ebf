"""The providers of models: what state each is in, what to do about it, and a test that really asks it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import ErrorInfo, ModelInfo
from kb_app.services.models.keys import Connection
from kb_app.services.models.trials import Trial
from kb_app.ui.components import flash_error, open_dialog
from kb_app.ui.markup import label
from kb_app.ui.models_dialogs import ADD_SERVER, CONNECT, REMOVE_SERVER, provider_name
from kb_app.ui.state import DIALOG, widget
from kb_app.ui.text import describe, t

CLOUDS = ("glm", "spark", "ernie", "deepseek", "qwen", "openai", "azure")
_WATCH_S = 0.7
_COLOURS = {"ready": "green", "checking": "gray", "no_key": "gray", "unset": "gray", "untested": "blue"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the page shows that changes by itself."""

    models: tuple[ModelInfo, ...]
    asking: bool
    busy: bool
    trials: bool
    tasks: int


def progress(app: App) -> Progress:
    """Return what is going on and what was found out; to be taken before the page is drawn."""
    running = sum(task.state == "running" for store in (app.model_store, app.onnx_store) for task in store.tasks())
    trials = app.trials.is_running()
    return Progress(
        models=app.models.cached(),
        asking=app.models.is_asking,
        busy=trials or running > 0 or app.hardware.memory() is None,
        trials=trials,
        tasks=running,
    )


def watch(app: App, drawn: Progress) -> None:
    """Redraw the page when a server's answer, a test or a download has come to its end."""
    st.fragment(run_every=_WATCH_S if drawn.asking or drawn.busy else None)(_watch)(app, drawn)


def _watch(app: App, drawn: Progress) -> None:
    if not DIALOG.get() and progress(app) != drawn:  # a form that is being filled in must not be redrawn
        st.rerun()


def cloud_list(app: App, connections: Sequence[Connection]) -> None:
    """Draw the vendors' clouds, the ones in use first."""
    st.subheader(t("models.clouds"), anchor=False)
    st.caption(t("models.clouds_text"))
    shown = [one for one in connections if one.name in CLOUDS]
    for one in sorted(shown, key=lambda one: (not (one.masked_key or one.base_url), CLOUDS.index(one.name))):
        provider_card(app, one)


def server_list(app: App, connections: Sequence[Connection]) -> None:
    """Draw the servers a user added, and how to add one."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="servers_head"):
        st.subheader(t("models.servers"), anchor=False)
        st.button(
            t("models.add_server"), key="add_server", icon=":material/add:", on_click=open_dialog, args=(ADD_SERVER,)
        )
    st.caption(t("models.servers_text"))
    for one in connections:
        if one.name not in (*CLOUDS, "ollama"):
            provider_card(app, one)


def other_list(app: App) -> None:
    """Draw the providers that come from the settings alone."""
    infos = _infos(app, "langchain")
    if infos:
        st.subheader(t("models.langchain"), anchor=False)
        st.caption(t("models.langchain_text"))
        with st.container(border=True, key="provider_langchain", gap="small"):
            reason(next((info.error for info in infos if info.error is not None), None))
            trial_controls(app, "langchain", infos)


def provider_card(app: App, connection: Connection) -> None:
    """Draw one provider: state, address, key, remedy and test."""
    name = connection.name
    infos = _infos(app, name)
    state, error = provider_state(app, connection, infos)
    if state == "unset":
        with st.container(key=f"row_provider_{name}"):
            _card_head(app, connection, state)
        return
    with st.container(border=True, key=f"provider_{name}", gap="small"):
        _card_head(app, connection, state)
        reason(error)
        if state not in ("no_key", "checking"):
            trial_controls(app, name, infos)


def _card_head(app: App, connection: Connection, state: str) -> None:
    name = connection.name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{label(provider_name(name))}** {state_badge(state)}", width="stretch")
        st.button(
            t("models.set_up" if state == "unset" else "models.change"),
            key=f"connect_{name}",
            on_click=open_dialog,
            args=(CONNECT + name,),
        )
    if state == "unset":
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(label(_summary(connection), limit=150), width="stretch")
        if connection.key_source == "page":
            st.button(
                t("models.remove_key"),
                key=f"remove_key_{name}",
                type="tertiary",
                on_click=_remove_key,
                args=(app, name),
            )
        if connection.added:
            st.button(
                t("models.remove_server"),
                key=f"remove_server_{name}",
                type="tertiary",
                on_click=open_dialog,
                args=(REMOVE_SERVER + name,),
            )


def _remove_key(app: App, name: str) -> None:
    try:
        app.keys.remove_key(name)
    except KBAppError as error:
        flash_error(error)


def _infos(app: App, name: str) -> list[ModelInfo]:
    return [info for info in app.models.cached() if info.provider == name]


def provider_state(app: App, connection: Connection, infos: Sequence[ModelInfo]) -> tuple[str, ErrorInfo | None]:
    """Return the state a provider is in as a whole, and why."""
    if connection.name not in app.models.providers:
        return "unset", None
    if not infos:
        return "checking" if app.models.is_asking else "empty", None
    ready = [info for info in infos if info.state == "ready"]
    if not ready:
        missing_key = infos[0].error is not None and infos[0].error.code == "no_key"
        unset = missing_key and connection.name in CLOUDS and not connection.base_url
        return ("unset", None) if unset else (infos[0].state, infos[0].error)
    trials = [app.trials.get(info.id) for info in ready]
    tested = any(trial is not None and trial.state == "passed" for trial in trials)
    checked = any(info.details.get("checked", True) for info in ready)
    return ("ready" if checked or tested else "untested"), None


def state_badge(state: str) -> str:
    """Return a state as a coloured word."""
    return f":{_COLOURS.get(state, 'orange')}-badge[{t(f'models.state_{state}')}]"


def sentence(text: str) -> str:
    """Return a sentence shown literally, without making links of the addresses in it."""
    return label(text, limit=400)


def reason(error: ErrorInfo | None) -> None:
    """Say what is wrong and what to do about it, where anything is."""
    if error is not None:
        message, hint = describe(error)
        st.markdown(f":small[{sentence(message)} {sentence(hint)}]")


def _summary(connection: Connection) -> str:
    parts = [connection.base_url] if connection.base_url else []
    if connection.masked_key:
        parts.append(t(f"models.key_from_{connection.key_source}", key=connection.masked_key))
    return " · ".join(parts)


def trial_controls(app: App, name: str, infos: Sequence[ModelInfo]) -> None:
    """Draw the choice of a model, the button that tests it, and what came of the last test."""
    kinds = {info.id: info.kind for info in infos if info.id != name}
    if not kinds:
        st.markdown(f":small[{t('models.no_models')}]")
        return
    key = f"trial_model_{name}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("models.models"),
            options=list(kinds),
            format_func=lambda model_id: t(f"models.kind_{kinds.get(model_id, 'chat')}", name=_short(model_id)),
            key=key,
            label_visibility="collapsed",
        )
        picked = str(widget(key) or next(iter(kinds)))
        picked = picked if picked in kinds else next(iter(kinds))
        trial_button(app, picked, kinds[picked], t("models.test"))
    trial_result(app.trials.get(picked))


def trial_button(app: App, model_id: str, kind: str, text: str) -> None:
    """Draw the button that tests a model."""
    trial = app.trials.get(model_id)
    st.button(
        text,
        key=f"test_{model_id}",
        icon=":material/network_check:",
        disabled=trial is not None and trial.state == "running",
        on_click=app.trials.start,
        args=(model_id, kind),
    )


def trial_result(trial: Trial | None) -> None:
    """Say what came of a test."""
    if trial is None:
        return
    if trial.state == "running":
        st.markdown(f":small[:gray[:material/progress_activity: {t('models.testing', model=label(trial.model_id))}]]")
    elif trial.state == "passed":
        text = t(f"models.passed_{trial.kind}", model=label(trial.model_id), seconds=f"{trial.latency_s:.2f}")
        st.markdown(f":small[:green[:material/check_circle: {text}]]")
    elif trial.error is not None:
        message, hint = describe(trial.error)
        st.markdown(f":small[:red[:material/error: {sentence(message)}] {sentence(hint)}]")


def _short(model_id: str) -> str:
    return model_id.partition("/")[2] or model_id
