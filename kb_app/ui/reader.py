"""The one piece of JavaScript of our own: citations that can be clicked in the text, and a sidebar that closes.

It is served from a file: Streamlit turns inline scripts into ``blob:`` addresses, which our policy does not run.
"""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from kb_app.ui.components import flash
from kb_app.ui.sources import open_passage
from kb_app.ui.state import CHAT, CONTEXT_CHARS, COPY, MESSAGE, PASSAGE, widget
from kb_app.ui.text import t

_FOLDER = Path(__file__).resolve().parent
_NAME = "kb_app.reader"
_KEY = "reader"
_mount: Callable[..., object] | None = None


def anchor(message_id: str) -> str:
    """Return what the address of a citation begins with; its marker follows."""
    return f"#kb-source-{message_id}-"


def reader(state: str = "") -> None:
    """Listen to clicks on the page. To be drawn once in every run, always at the same place.

    ``state``: what ``following.state_of`` said of the open conversation when it was drawn; the tab then follows it.
    """
    global _mount
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        _declare(manager)
    if _mount is None:
        _mount = st.components.v2.component(_NAME, js="reader.js", isolate_styles=False)
    opened = PASSAGE.get()
    data = {
        "copy": COPY.pop(),
        "passage": "" if opened is None else f"{opened.message_id} {opened.marker} {CONTEXT_CHARS.get()}",
        "message": MESSAGE.get(),
        "chat": CHAT.get() if state else "",
        "state": state,
    }
    _mount(
        key=_KEY,
        data=data,
        on_citation_change=_open_citation,
        on_copied_change=_say_copied,
        on_changed_change=lambda: None,  # the run it makes is what is wanted
    )


def _declare(manager: BidiComponentManager) -> None:
    """Tell Streamlit where the file lies: it looks in installed packages only, and a checkout is none."""
    component = ComponentConfig(name="reader", asset_dir="frontend")
    manifest = ComponentManifest(name="kb_app", version=version("streamlit"), components=[component])
    manager.register_from_manifest(manifest, _FOLDER)


def _say_copied() -> None:
    flash(t("answer.copied" if getattr(widget(_KEY), "copied", None) else "answer.not_copied"))


def _open_citation() -> None:
    state = widget(_KEY)
    value = getattr(state, "citation", None)
    message_id, _, marker = str(value or "").rpartition("-")
    if message_id and marker.isdecimal():
        open_passage(message_id, int(marker))
