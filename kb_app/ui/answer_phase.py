"""What an answer is at, before its first word."""

import math

import streamlit as st

from kb_app.models import Message, Phase
from kb_app.ui.markup import label
from kb_app.ui.text import describe, t

#: A model that has not begun, or a file that is not read, after this time is said to be slow.
_SLOW_S = 6.0
_LOADED_BEFORE_USE = "ollama/"


def waiting_line(phase: Phase, message: Message) -> None:
    """Say what the answer waits for, in one line, with the seconds where that takes long."""
    st.markdown(f":material/hourglass_top: :gray[{phase_text(phase, message)}]")


def phase_text(phase: Phase, message: Message) -> str:
    """Return what the answer waits for."""
    seconds = math.ceil(phase.seconds)
    if phase.kind == "waiting" and phase.error is not None:
        return t("answer.waiting", reason=label(describe(phase.error).message, limit=200), seconds=seconds)
    if phase.kind == "reading":
        key = "attach.reading" if phase.seconds < _SLOW_S else "attach.reading_long"
        return t(key, done=phase.done, count=phase.total, seconds=seconds)
    if phase.kind == "searching":
        return t("answer.searching")
    parts = [t("answer.fell_back", model=label(message.model_id))] if message.fallback else []
    if phase.seconds < _SLOW_S:
        parts.append(t("answer.writing"))
    else:
        slow = "answer.loading" if message.model_id.startswith(_LOADED_BEFORE_USE) else "answer.slow"
        parts.append(t(slow, seconds=seconds))
    return " ".join(parts)
