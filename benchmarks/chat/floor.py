"""The least a chat page can be: one question box and one fragment. See load.py."""

import zlib

import streamlit as st


@st.fragment(key="turn")
def turn() -> None:
    """Show the question and an answer to it."""
    question = st.session_state.get("asked", "")
    if question:
        code = f"Q{zlib.crc32(question.strip().encode()):08x}"
        st.chat_message("user").markdown(question)
        st.chat_message("assistant").markdown(" ".join(f"{code}-{number}" for number in range(60)) + " ")


def asked() -> None:
    """Take the question, and draw its turn alone."""
    st.session_state["asked"] = st.session_state["question"]
    st.rerun("turn")


turn()
st.chat_input("Ask", key="question", on_submit=asked)
