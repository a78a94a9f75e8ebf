"""Asking well: commands in the box, limits of the search, form of the answer, suggested questions."""

import threading

import pytest
from page_reading import Open, shown_text
from streamlit.testing.v1 import AppTest

from kb_app.app import App
from kb_app.models import Message
from kb_app.retrieval.retriever import Retriever
from kb_app.services.documents.library import Upload

BEES = "# Bees\n\n## Brood\n\nA bee colony keeps its brood at 35 degrees.\n\n## Winter cluster\n\nThey cluster.\n"
WASPS = "# Wasps\n\nA wasp colony keeps its brood at 30 degrees. Wasps build with paper.\n"


@pytest.fixture
def base_id(app: App) -> str:
    base = app.library.create("Insects")
    files = [Upload(name="bees.md", data=BEES.encode()), Upload(name="wasps.md", data=WASPS.encode())]
    app.jobs.wait(app.library.add_files(base.id, files))
    return base.id


def ask(app: App, page: AppTest, text: str) -> Message:
    page.chat_input[0].set_value(text).run()
    [conversation] = app.history.conversations()
    running = app.answering.running(conversation.id)
    if running is not None:
        running.wait()
    page.run()
    assert not page.exception
    return app.history.messages(conversation.id)[-1]


def test_a_question_draws_the_newest_turn_alone(
    app: App, base_id: str, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, retrieve = threading.Event(), Retriever.retrieve
    monkeypatch.setattr(Retriever, "retrieve", lambda *args, **options: found.wait(60) and retrieve(*args, **options))
    monkeypatch.setattr("kb_app.ui.answer._PATIENCE_S", 0.0)
    page = open_page()

    page.chat_input[0].set_value("How warm is the brood?").run()
    assert "How warm is the brood?" in shown_text(page)
    drawn = {one.key for one in page.button}
    assert "stop" in drawn
    assert "new_chat_sidebar" not in drawn  # what stands beside the chat was left alone

    found.set()
    running = app.answering.running(app.history.conversations()[0].id)
    assert running is not None
    running.wait()
    page.run()
    assert "35 degrees" in shown_text(page)
    assert "new_chat_sidebar" in {one.key for one in page.button}
    assert not page.exception


def test_a_question_that_breaks_off_the_drawing_of_the_page_draws_all_of_it(
    app: App, base_id: str, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    ask(app, page, "How warm is the brood?")
    found, retrieve = threading.Event(), Retriever.retrieve
    monkeypatch.setattr(Retriever, "retrieve", lambda *args, **options: found.wait(60) and retrieve(*args, **options))
    monkeypatch.setattr("kb_app.ui.answer._PATIENCE_S", 0.0)

    page.session_state["kb.chat"] = ""  # as a click on "new chat" leaves it, before the page was drawn anew
    page.chat_input[0].set_value("Which wasps build with paper?").run()
    found.set()
    assert not page.exception
    assert "Which wasps build with paper?" in shown_text(page)
    assert "How warm is the brood?" not in shown_text(page)
    assert "new_chat_sidebar" in {one.key for one in page.button}


def test_a_question_is_limited_to_documents_and_quoted_shortly(app: App, base_id: str, open_page: Open) -> None:
    wasps = next(one.id for one in app.library.documents(base_id) if one.name == "wasps.md")
    page = open_page()
    page.session_state["wishes_sidebar"] = True
    page.run()
    page.multiselect(key="asked_documents_sidebar").set_value([wasps]).run()
    answer = ask(app, page, "/short At which temperature does a colony keep its brood?")

    assert {source.document for source in answer.sources} == {"wasps.md"}
    assert answer.text.count("\n> ") == 1
    text = shown_text(page)
    assert "only 1 document" in text
    assert "Short" in text

    page.button(key="reset_sidebar").click().run()
    assert "only 1 document" not in shown_text(page)


def test_commands_change_what_is_asked_and_are_not_asked_themselves(app: App, base_id: str, open_page: Open) -> None:
    page = open_page()
    for text, said in (
        ("/nonsense", "There is no command"),
        ("/base insect", "Changed: Insects"),
        ("/base spider", "Nothing has"),
        ("/model quote", "Changed: Quote"),
    ):
        page.chat_input[0].set_value(text).run()
        assert said in "".join(str(toast.value).replace("\\", "") for toast in page.toast), text
    page.chat_input[0].set_value("/help").run()
    assert "/model" in shown_text(page)
    assert app.history.conversations() == []

    answer = ask(app, page, "/etc/hosts and the brood: at which temperature is it?")
    assert app.history.before(answer.id, last=1)[0].text.startswith("/etc/hosts")


def test_questions_are_suggested_from_headings_and_answered(app: App, base_id: str, open_page: Open) -> None:
    page = open_page()
    page.button(key="start_0").click().run()
    [conversation] = app.history.conversations()
    running = app.answering.running(conversation.id)
    if running is not None:
        running.wait()

    assert conversation.title.startswith("What does “")
    assert app.history.messages(conversation.id)[-1].status == "complete"
