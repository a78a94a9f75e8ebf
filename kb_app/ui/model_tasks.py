"""Downloads and deletions of models, with their progress."""

import streamlit as st

from kb_app.services.models.store_tasks import StoreTask, StoreTasks
from kb_app.ui.markup import label
from kb_app.ui.text import describe, file_size, t

_REFRESH_S = 0.5


def task_list(store: StoreTasks) -> None:
    """Draw what is being done, and what ended; by itself as long as anything runs."""
    st.fragment(run_every=_REFRESH_S if store.is_running() else None)(_tasks)(store)


def _tasks(store: StoreTasks) -> None:
    for task in store.tasks():
        _task(store, task)


def _task(store: StoreTasks, task: StoreTask) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"task_{task.model}"):
        if task.state == "running" and task.kind == "pull":
            share = task.done_bytes / task.total_bytes if task.total_bytes else 0.0
            text = t(
                "models.pulling", name=label(task.model), done=_size(task.done_bytes), total=_size(task.total_bytes)
            )
            st.progress(min(share, 1.0), text=text, width="stretch")
            st.button(t("common.cancel"), key=f"cancel_{task.model}", on_click=store.cancel, args=(task.model,))
            return
        with st.container(width="stretch"):
            st.markdown(_outcome(task))
        if task.state != "running":
            st.button(
                "",
                key=f"dismiss_{task.model}",
                icon=":material/close:",
                type="tertiary",
                help=t("common.close"),
                on_click=store.dismiss,
                args=(task.model,),
            )


def _outcome(task: StoreTask) -> str:
    if task.error is not None:
        message, hint = describe(task.error)
        return f":small[:red[:material/error: {label(message, limit=400)}] {label(hint, limit=400)}]"
    return f":small[{t(f'models.{task.kind}_{task.state}', name=label(task.model))}]"


def _size(byte_count: int) -> str:
    return file_size(byte_count) if byte_count else "…"
