"""Conversations as a reader finds, keeps and branches them."""

from pathlib import Path

import pytest
from page_reading import Open, shown_text
from streamlit.testing.v1 import AppTest
from waiting import until

from kb_app.app import App
from kb_app.models import Message
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload

ROOT = Path(__file__).resolve().parents[2]
NOTES = "# Bees\n\nA bee colony keeps its brood at 35 degrees. In winter the bees form a cluster around the queen.\n"


@pytest.fixture
def base_id(app: App) -> str:
    base = app.library.create("Bees")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=NOTES.encode())]))
    return base.id


def asked(app: App, base_id: str, question: str, **more: str) -> Message:
    request = AskRequest(question=question, base_ids=(base_id,), language="en", **more)  # type: ignore[arg-type]
    return app.answering.ask(request).wait()


def html_of(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def finish(app: App, page: AppTest) -> None:
    """Wait for the answer the last click asked for, and draw the page with it."""
    running = app.answering.running(page.query_params["chat"])
    if running is not None:
        running.wait()
    page.run()
    assert not page.exception


def test_what_was_said_is_found_and_opens_at_its_message(app: App, base_id: str, open_page: Open) -> None:
    first = asked(app, base_id, "At which temperature do bees keep the brood?")
    for number in range(12):
        asked(app, base_id, f"Question {number} about the queen?", conversation_id=first.conversation_id)
    asked(app, base_id, "What do bees form in winter?")
    page = open_page("history")
    page.text_input(key="history_query").set_value("brood temperature").run()

    assert "<mark>temperature</mark>" in html_of(page)
    assert "What do bees form in winter?" not in [button.label for button in page.button]
    page.button(key=f"open_hit_{first.conversation_id}").click().run()

    assert not page.exception
    text = shown_text(page)
    assert "At which temperature do bees keep the brood?" in text  # although far above the last twenty
    assert "Question 11 about the queen?" not in text
    page.switch_page(str(ROOT / "pages/chat.py")).run()  # AppTest believes it is still on the other page
    page.button(key="to_end").click().run()
    assert "Question 11 about the queen?" in shown_text(page)


def test_a_link_to_a_message_shows_its_branch(app: App, base_id: str, open_page: Open) -> None:
    first = asked(app, base_id, "How warm is the brood?")
    question = app.history.messages(first.conversation_id)[0]
    asked(app, base_id, "What do bees form?", conversation_id=first.conversation_id, edited_id=question.id)
    assert "How warm" not in shown_text(open_page(chat=first.conversation_id))
    page = open_page("history")
    page.text_input(key="history_query").set_value("warm").run()
    page.button(key=f"open_hit_{first.conversation_id}").click().run()
    assert "How warm is the brood?" in shown_text(page)

    latest = app.history.view(first.conversation_id, 5).siblings[question.id][-1]
    assert "What do bees form?" in shown_text(open_page(chat=first.conversation_id, message=latest))


def test_a_link_opens_the_conversation_with_the_bases_it_names(app: App, base_id: str, open_page: Open) -> None:
    other = app.library.create("Other")
    answer = asked(app, base_id, "How warm is the brood?")

    def scope_of(**query: str) -> list[str]:
        page = open_page(chat=answer.conversation_id, **query)
        assert "How warm is the brood?" in shown_text(page)
        return list(page.multiselect(key="scope_bases_sidebar").value)

    assert scope_of() == [base_id]
    assert scope_of(kb=other.id) == [other.id]
    assert scope_of(kb="Other") == [other.id]
    assert scope_of(kb="gone") == [base_id]
    page = open_page(chat=answer.conversation_id, kb=other.id)
    page.multiselect(key="scope_bases_sidebar").set_value([base_id, other.id]).run()
    assert page.multiselect(key="scope_bases_sidebar").value == [base_id, other.id]
    assert "kb" not in page.query_params


def test_the_list_is_kept_in_order(app: App, base_id: str, open_page: Open) -> None:
    one, two, script = (
        asked(app, base_id, question, origin=origin).conversation_id
        for question, origin in (("Brood?", "app"), ("Winter?", "app"), ("From a script?", "cli"))
    )
    app.history.tag(one, ["garden"])
    page = open_page("history")
    shown = [button.label for button in page.button]
    assert shown.index("Winter?") < shown.index("Brood?")
    assert "From a script?" not in shown

    page.button(key=f"pin_row_{one}").click().run()
    shown = [button.label for button in page.button]
    assert shown.index("Brood?") < shown.index("Winter?")

    page.button(key=f"archive_row_{one}").click().run()
    assert "Brood?" not in [button.label for button in page.button]
    page.segmented_control(key="history_shelf").set_value("archived").run()
    page.selectbox(key="history_tag").set_value("garden").run()
    assert "Brood?" in [button.label for button in page.button]
    page.segmented_control(key="history_shelf").set_value("cli").run()
    page.selectbox(key="history_tag").set_value("").run()
    assert page.button(key=f"open_row_{script}").label == "From a script?"
    assert not page.exception
    assert two in [conversation.id for conversation in app.history.conversations()]


def test_selected_ones_are_deleted_together_and_the_trash_is_emptied(app: App, base_id: str, open_page: Open) -> None:
    ids = [asked(app, base_id, question).conversation_id for question in ("Brood?", "Winter?", "Queen?")]
    page = open_page("history")
    for conversation_id in ids[:2]:
        page.checkbox(key=f"pick_{conversation_id}").check().run()
    assert "Selected: 2" in shown_text(page)
    page.button(key="delete_picked").click().run()
    assert [one.id for one in app.history.conversations()] == ids[2:]

    page.segmented_control(key="history_shelf").set_value("deleted").run()
    page.button(key=f"restore_{ids[0]}").click().run()
    page.button(key="empty_trash").click().run()
    page.button(key="confirm_yes").click().run()
    assert not page.exception
    assert "The trash is empty" in "\n".join(info.value for info in page.info)
    assert {one.id for one in app.history.conversations()} == {ids[0], ids[2]}


def test_an_edited_question_is_a_branch_with_arrows_back(app: App, base_id: str, open_page: Open) -> None:
    answer = asked(app, base_id, "How warm is the brood?")
    question = app.history.messages(answer.conversation_id)[0]
    page = open_page(chat=answer.conversation_id)
    page.button(key=f"edit_{question.id}").click().run()
    page.text_area(key=f"edit_text_{question.id}").set_value("What do bees form in winter?")
    page.button(key="edit_ask").click().run()
    finish(app, page)

    text = shown_text(page)
    assert "cluster" in text
    assert "How warm" not in text
    assert "2/2" in text
    [edited] = [one for one in app.history.messages(answer.conversation_id) if one.role == "user"]
    page.button(key=f"previous_{edited.id}").click().run()
    assert "How warm is the brood?" in shown_text(page)
    assert "1/2" in shown_text(page)


def test_an_answer_given_again_stands_beside_the_first_and_both_are_compared(
    app: App, base_id: str, open_page: Open
) -> None:
    answer = asked(app, base_id, "How warm is the brood?")
    page = open_page(chat=answer.conversation_id)
    page.button(key=f"again_{answer.id}").click().run()
    page.button(key="dialog_submit").click().run()
    finish(app, page)

    question, second = app.history.messages(answer.conversation_id)
    assert question.text == "How warm is the brood?"
    assert second.id != answer.id
    page.button(key=f"compare_{second.id}").click().run()
    assert page.button(key=f"use_{answer.id}").label == "Go on with this one"
    page.button(key=f"use_{answer.id}").click().run()
    assert not page.exception
    assert app.history.messages(answer.conversation_id)[1].id == answer.id


def test_a_file_is_imported_and_its_outcome_is_said(app: App, open_page: Open) -> None:
    answer = asked(app, app.library.create("Empty").id, "Anyone here?")
    file = app.exporter.export([answer.conversation_id], "json", "en")
    app.history.delete(answer.conversation_id)
    app.history.empty_trash()
    page = open_page("history")
    page.file_uploader[0].set_value([(file.name, file.data, "application/json")]).run()
    until(lambda: app.importer.progress is not None and app.importer.progress.state != "running")
    page.run()

    assert not page.exception
    assert "New: 1" in shown_text(page)
    assert "Anyone here?" in [button.label for button in page.button]
    page.button(key="import_seen").click().run()
    assert "New: 1" not in shown_text(page)
