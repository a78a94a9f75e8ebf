"""Chat as a reader meets it: first run, answer, sources, history, links."""

import pytest
from markdown_it import MarkdownIt
from page_reading import Open, open_sources, shown_text, wait_for_jobs

from kb_app.app import App
from kb_app.messages import LANGUAGES, Language, translate
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.ui.first_run import EXAMPLE_QUESTIONS

NOTES = "# Bees\n\nA bee colony keeps its brood at 35 degrees. In winter the bees form a cluster around the queen.\n"


@pytest.fixture
def base_id(app: App) -> str:
    base = app.library.create("Bees")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=NOTES.encode())]))
    return base.id


def answered(app: App, base_id: str, question: str = "At which temperature do bees keep the brood?") -> str:
    generation = app.answering.ask(AskRequest(question=question, base_ids=(base_id,), language="en"))
    generation.wait()
    return generation.conversation_id


def test_an_empty_installation_leads_to_an_answer_in_three_clicks(app: App, open_page: Open) -> None:
    page = open_page()
    assert "Your documents, answering" in shown_text(page)

    page.button(key="load_examples").click().run()
    [base] = app.library.bases()
    wait_for_jobs(app, base.id)
    page.run()
    page.button(key="question_1").click().run()
    [conversation] = app.history.conversations()
    running = app.answering.running(conversation.id)
    if running is not None:
        running.wait()
    page.run()
    open_sources(page, app.history.messages(conversation.id)[-1].id)

    assert not page.exception
    text = shown_text(page)
    assert "How often should I oil the chain?" in text
    assert "200 km" in text
    assert "bicycle-care.md" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_suggested_question_is_answered_by_the_example_base(app: App, language: Language) -> None:
    app.jobs.wait(app.library.add_examples(language))
    [base] = app.library.bases()
    for key in EXAMPLE_QUESTIONS:
        question = translate(language, f"ui.first_run.{key}")
        answer = app.answering.ask(AskRequest(question=question, base_ids=(base.id,), language=language)).wait()

        assert answer.status == "complete", question
        assert answer.cited, question


def test_the_language_is_switched_and_kept_in_the_address(open_page: Open) -> None:
    page = open_page()
    page.segmented_control(key="language_switch").set_value("zh").run()

    assert "让你的文档来回答" in shown_text(page)
    assert page.query_params["lang"] == "zh"


def test_the_same_in_chinese(open_page: Open) -> None:
    page = open_page(lang="zh")

    assert "让你的文档来回答" in shown_text(page)
    assert page.button(key="load_examples").label == "载入示例知识库"


def test_a_typed_question_is_answered_with_its_source(app: App, base_id: str, open_page: Open) -> None:
    page = open_page()
    page.chat_input[0].set_value("How warm is the brood?").run()
    conversation_id = app.history.conversations()[0].id
    running = app.answering.running(conversation_id)
    if running is not None:
        running.wait()
    page.run()
    open_sources(page, app.history.messages(conversation_id)[-1].id)

    text = shown_text(page)
    assert "35 degrees" in text
    assert "[1](#kb-source-" in text
    assert "bees.md" in text


def test_a_link_reopens_a_conversation(app: App, base_id: str, open_page: Open) -> None:
    conversation_id = answered(app, base_id)

    text = shown_text(open_page(chat=conversation_id))

    assert "At which temperature do bees keep the brood?" in text
    assert "35 degrees" in text


def test_a_dead_link_is_a_friendly_sentence(base_id: str, open_page: Open) -> None:
    page = open_page(chat="no-such-id")

    assert "This conversation does not exist" in shown_text(page)
    assert page.chat_input[0].disabled is False


def test_a_source_opens_at_its_passage_in_the_document(app: App, base_id: str, open_page: Open) -> None:
    conversation_id = answered(app, base_id)
    answer = app.history.messages(conversation_id)[-1]
    page = open_page(chat=conversation_id)
    open_sources(page, answer.id).button(key=f"open_{answer.id}_1").click().run()

    assert not page.exception
    assert ":orange-background[A bee colony keeps its brood at 35 degrees. In winter" in shown_text(page)
    page.segmented_control(key="passage_view").set_value("source").run()
    html = "\n".join(str(element.proto.body) for element in page.get("html"))
    assert "<mark>" in html
    assert "35 degrees" in html


def test_a_source_whose_document_is_gone_shows_the_passage_as_it_was(app: App, base_id: str, open_page: Open) -> None:
    conversation_id = answered(app, base_id)
    answer = app.history.messages(conversation_id)[-1]
    app.library.remove(base_id, [document.id for document in app.library.documents(base_id)])
    page = open_page(chat=conversation_id)
    open_sources(page, answer.id).button(key=f"open_{answer.id}_1").click().run()

    assert "removed since this answer" in shown_text(page)


def test_a_question_nothing_answers_says_so(app: App, base_id: str, open_page: Open) -> None:
    conversation_id = answered(app, base_id, "Who won the chess championship in 1972?")

    assert app.history.messages(conversation_id)[-1].status == "no_sources"
    assert "chess championship" in shown_text(open_page(chat=conversation_id))


def test_a_declined_question_is_answered_anyway_from_the_nearest_passages(
    app: App, base_id: str, open_page: Open
) -> None:
    conversation_id = answered(app, base_id, "Who became world champion at chess in the winter of 1972?")
    declined = app.history.messages(conversation_id)[-1]
    assert declined.status == "no_sources"
    editor = open_page("corrections", fix=f"m:{declined.id}")
    assert editor.text_area(f"fix_text_{declined.id}").value == ""

    page = open_page(chat=conversation_id)
    page.button(key=f"anyway_{declined.id}").click().run()
    running = app.answering.running(conversation_id)
    if running is not None:
        running.wait()
    page.run()

    assert not page.exception
    answer = app.history.messages(conversation_id)[-1]
    assert (answer.status, answer.confidence) == ("complete", declined.confidence)
    text = shown_text(page)
    assert "these are the documents' own words" in text
    assert "2/2" in text
    assert any("weak match found" in one.label for one in page.expander)
    assert f"anyway_{answer.id}" not in {one.key for one in page.button}


def test_a_conversation_deleted_in_another_tab_is_neither_renamed_nor_deleted_again(
    app: App, base_id: str, open_page: Open
) -> None:
    conversation_id = answered(app, base_id)
    page = open_page(chat=conversation_id)
    app.history.delete(conversation_id)
    page.text_input(key=f"title_{conversation_id}").set_value("Brood").run()
    assert not page.exception
    assert "This does not exist any more." in next(toast.value.replace("\\", "") for toast in page.toast)
    assert "This conversation does not exist" in shown_text(page)

    conversation_id = answered(app, base_id)
    page = open_page(chat=conversation_id)
    app.history.delete(conversation_id)
    page.button(key="delete_chat").click().run()
    assert not page.exception
    assert not app.history.conversations(limit=5)


def test_a_conversation_is_renamed_deleted_and_taken_back(app: App, base_id: str, open_page: Open) -> None:
    conversation_id = answered(app, base_id)
    page = open_page(chat=conversation_id)

    page.text_input(key=f"title_{conversation_id}").set_value("Brood").run()
    assert app.history.conversation(conversation_id).title == "Brood"

    page.button(key="delete_chat").click().run()
    assert app.history.conversations() == []
    assert "Moved to the trash: Brood" in shown_text(page).replace("\\", "")

    page.button(key="undo_delete").click().run()
    assert [one.id for one in app.history.conversations()] == [conversation_id]
    assert "35 degrees" in shown_text(page)
    assert not page.exception


def test_without_a_chosen_base_the_question_is_kept(app: App, base_id: str, open_page: Open) -> None:
    page = open_page()
    page.multiselect(key="scope_bases_sidebar").set_value([]).run()
    page.chat_input[0].set_value("How warm?").run()

    assert app.history.conversations() == []
    assert page.chat_input[0].value == "How warm?"


def test_a_name_that_is_an_image_stays_text(app: App, open_page: Open) -> None:
    base = app.library.create("![b](http://127.0.0.1:9/b.png)")
    name = "![d](http://127.0.0.1:9/d.png).md"
    app.jobs.wait(app.library.add_files(base.id, [Upload(name=name, data=NOTES.encode())]))
    conversation_id = answered(app, base.id)
    page = open_sources(open_page(chat=conversation_id), app.history.messages(conversation_id)[-1].id)

    html = MarkdownIt().render(shown_text(page))
    assert "127.0.0.1" in html
    assert "<img" not in html
    assert html.count("<a ") == html.count('<a href="#kb-source-')


def test_only_the_last_messages_are_drawn_until_asked_for(app: App, base_id: str, open_page: Open) -> None:
    conversation_id = answered(app, base_id, "Question 0 about bees?")
    for number in range(1, 12):
        request = AskRequest(
            question=f"Question {number} about bees?", base_ids=(base_id,), conversation_id=conversation_id
        )
        app.answering.ask(request).wait()
    page = open_page(chat=conversation_id)
    assert len(page.chat_message) == 20

    page.button(key="earlier").click().run()
    assert len(page.chat_message) == 24
