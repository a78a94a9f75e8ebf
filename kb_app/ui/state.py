"""What a browser tab remembers: the only place that touches ``st.session_state`` and the address bar.

Ids and small plain values only; everything that must last is in the database. A slot whose value is also in
the URL survives a reload and can be shared as a link.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from kb_app.messages import Language
from kb_app.models import ErrorInfo

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Generic[T]):
    """One typed value of the session. ``parameter`` names it in the URL where it is kept there as well."""

    key: str
    default: T
    parameter: str | None = None

    def get(self) -> T:
        """Return the value, or the default where none was set."""
        value: T = st.session_state.get(self.key, self.default)
        return value

    def set(self, value: T) -> None:
        """Remember ``value``, in the URL too where the slot has a place there."""
        st.session_state[self.key] = value
        if self.parameter is not None:
            _write_url(self.parameter, value)

    def reset(self) -> None:
        """Go back to the default (for callbacks)."""
        self.pop()

    def pop(self) -> T:
        """Return the value and go back to the default."""
        value = self.get()
        st.session_state.pop(self.key, None)
        return value


def _write_url(parameter: str, value: object) -> None:
    if not value:
        st.query_params.pop(parameter, None)
    elif st.query_params.get(parameter) != value:
        st.query_params[parameter] = str(value)


def adopt_url(slot: Slot[str]) -> str:
    """Return the slot's value after a page load: the URL wins; a silent URL gets the remembered value."""
    assert slot.parameter is not None
    from_url = st.query_params.get(slot.parameter)
    if from_url:
        st.session_state[slot.key] = from_url
    elif slot.get():
        _write_url(slot.parameter, slot.get())
    return slot.get()


def linked_bases() -> tuple[str, ...]:
    """Return what ``?kb=`` names in the address bar, once for each link: ids or names, any number."""
    named = tuple(st.query_params.get_all("kb"))
    link = "\n".join((*named, st.query_params.get("chat", "")))
    if not named or link == LINKED.get():
        return ()
    LINKED.set(link)
    return named


def drop_linked_bases() -> None:
    """Take ``?kb=`` out of the address bar: other bases were chosen since."""
    st.query_params.pop("kb", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPassage:
    """The source whose document is shown in the dialog."""

    message_id: str
    marker: int


CHAT: Slot[str] = Slot(key="kb.chat", default="", parameter="chat")
#: The conversation that the page shows whole, and its last message there; None while it is being drawn.
DRAWN: Slot[tuple[str, str] | None] = Slot(key="kb.drawn", default=None)
ASKED: Slot[str] = Slot(key="kb.asked", default="")  # the answer the page does not show with its tools yet
MESSAGE: Slot[str] = Slot(key="kb.message", default="", parameter="message")  # the one a link or a search leads to
EDITED: Slot[str] = Slot(key="kb.edited", default="")  # the question that is being edited
BRANCHED: Slot[str] = Slot(key="kb.branched", default="")  # the message whose branch dialog is open
LINKED: Slot[str] = Slot(key="kb.linked", default="")  # the bases and conversation of the last link that was followed
UNDO: Slot[tuple[str, str] | None] = Slot(key="kb.undo", default=None)  # id and title of what was just deleted
SHELF: Slot[str] = Slot(key="kb.shelf", default="current")
TAG: Slot[str] = Slot(key="kb.tag", default="")
HISTORY_QUERY: Slot[str] = Slot(key="kb.history_query", default="")
SHOWN_HISTORY: Slot[int] = Slot(key="kb.shown_history", default=20)
PICKED_CHATS: Slot[frozenset[str]] = Slot(key="kb.picked_chats", default=frozenset())
BASE: Slot[str] = Slot(key="kb.base", default="", parameter="kb")
SCOPE: Slot[tuple[str, ...] | None] = Slot(key="kb.scope", default=None)
MODEL: Slot[str] = Slot(key="kb.model", default="")  # empty: what the bases start with
MODEL_CHECKS: Slot[int] = Slot(key="kb.model_checks", default=0)
SEARCH_QUERY: Slot[str] = Slot(key="kb.search_query", default="")
#: Conversation and names of files that were attached and wait for a question.
ATTACHED: Slot[tuple[str, tuple[str, ...]]] = Slot(key="kb.attached", default=("", ()))
DRAFT: Slot[str] = Slot(key="kb.draft", default="")
SHOWN_MESSAGES: Slot[int] = Slot(key="kb.shown_messages", default=20)
SHOWN_CONVERSATIONS: Slot[int] = Slot(key="kb.shown_conversations", default=12)
PASSAGE: Slot[OpenPassage | None] = Slot(key="kb.passage", default=None)
COPY: Slot[str] = Slot(key="kb.copy", default="")  # what the browser shall put on the clipboard
CONTEXT_CHARS: Slot[int] = Slot(key="kb.context_chars", default=500)
ASKED_DOCUMENTS: Slot[tuple[str, ...]] = Slot(key="kb.asked_documents", default=())
ASKED_TAGS: Slot[tuple[str, ...]] = Slot(key="kb.asked_tags", default=())
STYLE: Slot[str] = Slot(key="kb.style", default="normal")
ANSWER_LANGUAGE: Slot[str] = Slot(key="kb.answer_language", default="auto")
RATING: Slot[str] = Slot(key="kb.rating", default="")  # the answer whose bad rating is being explained
CORRECT: Slot[str] = Slot(key="kb.correct", default="")  # the answer the correction page shall open
DIALOG: Slot[str] = Slot(key="kb.dialog", default="")
SELECTED_DOCUMENTS: Slot[frozenset[str]] = Slot(key="kb.selected_documents", default=frozenset())
DOCUMENT_PAGE: Slot[int] = Slot(key="kb.document_page", default=0)
MENU_GENERATION: Slot[int] = Slot(key="kb.menu_generation", default=0)
UPLOAD_GENERATION: Slot[int] = Slot(key="kb.upload_generation", default=0)
UPLOAD_FOLDER: Slot[bool] = Slot(key="kb.upload_folder", default=False)
UPLOADED_FILES: Slot[set[str] | None] = Slot(key="kb.uploaded_files", default=None)
LANGUAGE: Slot[str] = Slot(key="kb.language", default="", parameter="lang")
SETTLED_LANGUAGE: Slot[Language | None] = Slot(key="kb.settled_language", default=None)
SET_LANGUAGE: Slot[str] = Slot(key="kb.set_language", default="")
FORM_ERROR: Slot[ErrorInfo | None] = Slot(key="kb.form_error", default=None)
NEXT_PAGE: Slot[str] = Slot(key="kb.next_page", default="")
FLASH: Slot[str] = Slot(key="kb.flash", default="")
CHAT_INPUT_WIDGET = "question"


def set_widget(key: str, value: object) -> None:
    """Set a widget's value before it is drawn in this run."""
    st.session_state[key] = value


def widget(key: str) -> object:
    """Return a widget's value, None before it was first drawn."""
    return st.session_state.get(key)
