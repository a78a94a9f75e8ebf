"""What a reader is told about an answer: how it came about, what it stands on, and what stands on nothing."""

from collections.abc import Iterator

import pytest
from page_reading import Open, shown_text
from protocol_servers.openai_server import KEY, OpenAIDialectServer

from kb_app.app import App
from kb_app.models import Message
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.ui.sources import with_sources

NOTES = "# Bees\n\nA bee colony keeps its brood at 35 degrees.\n\n# Honey\n\nHoney keeps for years in a closed jar.\n"
QUESTION = "How warm is the brood?"


TEXT = "The brood is kept at 35 degrees [1]. This was measured in 1987 [1]."


@pytest.fixture(scope="module", autouse=True)
def model_server() -> Iterator[OpenAIDialectServer]:
    with OpenAIDialectServer() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KB_OPENAI_BASE_URL", f"{server.url}/v1")
        environment.setenv("KB_OPENAI_API_KEY", KEY)
        server.answer_text = TEXT
        yield server


@pytest.fixture
def answer(app: App) -> Message:
    base = app.library.create("Bees")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=NOTES.encode())]))
    request = AskRequest(question=QUESTION, base_ids=(base.id,), model_id="openai/m", language="en")
    answer = app.answering.ask(request).wait()
    assert answer.status == "complete", answer.error
    return answer


def test_a_sentence_on_which_nothing_stands_is_pointed_out(answer: Message, open_page: Open) -> None:
    text = shown_text(open_page(chat=answer.conversation_id))

    assert "35 degrees [1](#kb-source-" in text
    assert text.index("measured in 1987") < text.index(":material/help:")
    assert "1 sentence not found in the cited passages" in text


def test_the_details_say_how_it_came_about_and_let_the_search_be_changed(
    app: App, answer: Message, open_page: Open
) -> None:
    page = open_page(chat=answer.conversation_id)
    page.session_state[f"details_{answer.id}"] = True
    page.run()
    text = shown_text(page)
    assert "Search confidence" in text
    assert "Tokens: " in text

    page.text_input(key=f"query_{answer.id}").set_value("honey in a jar")
    page.button(key=f"requery_{answer.id}").click().run()
    running = app.answering.running(answer.conversation_id)
    if running is not None:
        running.wait()
    newest = app.history.messages(answer.conversation_id)[-1]
    assert newest.id != answer.id
    assert (newest.query, newest.model_id) == ("honey in a jar", "openai/m")
    assert not page.exception


def test_a_copy_takes_its_sources_along(answer: Message, open_page: Open) -> None:
    page = open_page(chat=answer.conversation_id)
    page.button(key=f"copy_{answer.id}").click().run()

    assert not page.exception
    with_list = with_sources(answer)
    assert with_list.startswith(answer.text)
    assert with_list.splitlines()[-1] == "[1] bees.md · Bees"
