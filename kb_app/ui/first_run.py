"""From an empty installation to the first answer in three clicks."""

from collections.abc import Callable, Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.messages import LANGUAGES, translate
from kb_app.models import KnowledgeBase, Message
from kb_app.services.documents.suggestions import is_question, next_topics
from kb_app.ui.bases import CREATE_DIALOG
from kb_app.ui.components import flash_error, open_dialog
from kb_app.ui.jobs import is_busy
from kb_app.ui.markup import plain
from kb_app.ui.text import language, t

EXAMPLE_QUESTIONS = ("question_1", "question_2", "question_3")


def welcome(app: App) -> None:
    """Show what the product does, and the two ways to begin."""
    with st.container(key="welcome", gap="medium"):
        st.title(t("first_run.title"), anchor=False)
        st.markdown(t("first_run.text"))
        with st.container(gap="xsmall"):
            for step, icon in (("collect", "upload_file"), ("ask", "forum"), ("check", "fact_check")):
                st.markdown(f":primary[:material/{icon}:] {t(f'first_run.step_{step}')}")
        example, own = st.columns(2, border=True)
        with example:
            st.markdown(t("first_run.example_text"))
            st.button(
                t("first_run.example"),
                key="load_examples",
                type="primary",
                icon=":material/auto_stories:",
                width="stretch",
                on_click=_load_examples,
                args=(app,),
            )
        with own:
            st.markdown(t("first_run.own_text"))
            st.button(
                t("first_run.own"),
                key="create_own",
                icon=":material/add:",
                width="stretch",
                on_click=open_dialog,
                args=(CREATE_DIALOG,),
            )
        st.caption(f":material/lock: {t('first_run.privacy')}")


def _load_examples(app: App) -> None:
    try:
        app.library.add_examples(language())
    except KBAppError as error:
        flash_error(error)


def example_questions(app: App, bases: Sequence[KnowledgeBase], ask: Callable[[str], None]) -> None:
    """Offer questions as buttons: those the example base answers where it is among ``bases``, else from headings."""
    names = {translate(known, "examples.base_name") for known in LANGUAGES}
    examples = [base for base in bases if base.name in names]
    questions = {number: t(f"first_run.{number}") for number in EXAMPLE_QUESTIONS} if examples else {}
    if not examples:
        found = app.library.topics(bases)
        questions = {f"start_{place}": topic_question(topic) for place, topic in enumerate(found)}
    waiting = any(is_busy(app, base.id) for base in examples)
    if questions:
        st.caption(t("chat.try_one" if examples else "suggest.start"))
    with st.container(key="suggestions", gap="xsmall"):
        for key, question in questions.items():
            label = plain(question)
            st.button(label, key=key, icon=":material/chat:", on_click=ask, args=(question,), disabled=waiting)


def next_questions(answer: Message, question: str, ask: Callable[[str], None]) -> None:
    """Offer, below the newest answer, questions about passages that were found and not used."""
    found = next_topics(answer, question) if answer.status == "complete" else ()
    if found:
        with st.container(key="next_questions", horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(t("suggest.follow"), width="content")
            for place, topic in enumerate(found):
                asked = topic_question(topic)
                st.button(plain(topic), key=f"next_{place}", help=plain(asked), on_click=ask, args=(asked,))


def topic_question(topic: str) -> str:
    """Return a question about a topic; one that is a question is asked as it stands."""
    return topic if is_question(topic) else t("suggest.about", heading=topic)
