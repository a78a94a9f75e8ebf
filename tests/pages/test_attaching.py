"""Files attached in the question box: asked about, named beside the question, and said where they cannot be read."""

from page_reading import Open, shown_text
from streamlit.testing.v1 import AppTest

from kb_app.app import App
from kb_app.models import Message
from kb_app.services.documents.library import Upload

LEASE = b"# Lease\n\nThe monthly rent of the flat is 830 euros.\n"


def answered(app: App, page: AppTest) -> Message:
    [conversation] = app.history.conversations()
    running = app.answering.running(conversation.id)
    if running is not None:
        running.wait()
    page.run()
    assert not page.exception
    return app.history.messages(conversation.id)[-1]


def test_files_without_a_question_are_asked_what_is_in_them(app: App, open_page: Open) -> None:
    app.library.create("Empty")
    page = open_page()
    page.chat_input[0].upload("lease.md", LEASE).upload("broken.pdf", b"%PDF-1.7 broken").run()
    answer = answered(app, page)
    assert app.history.before(answer.id, last=1)[0].text == "What is in these files?"
    assert {source.document for source in answer.sources} == {"lease.md"}
    text = shown_text(page)
    assert "lease.md · broken.pdf" in text
    assert "The attached file “broken.pdf” was left out" in text
    assert [base.name for base in app.library.bases()] == ["Empty"]
    assert page.multiselect(key="scope_bases_sidebar").options == ["Empty"]


def test_files_with_a_command_wait_for_the_question(app: App, open_page: Open) -> None:
    base = app.library.create("Insects")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=b"A bee colony is warm.")]))
    page = open_page()
    page.chat_input[0].upload("lease.md", LEASE).set_value("/short").run()
    assert "Attached, for your next question: lease.md" in shown_text(page)
    page.chat_input[0].set_value("How much is the monthly rent of the flat?").run()
    assert "830 euros" in answered(app, page).text
    assert "for your next question" not in shown_text(page)


def test_a_file_is_asked_about_before_there_is_any_base(app: App, open_page: Open) -> None:
    page = open_page()
    question = "How much is the monthly rent of the flat?"
    page.chat_input[0].set_value(question).run()
    assert "There is no knowledge base yet" in page.toast[0].value
    assert not app.history.conversations()
    page.chat_input[0].upload("lease.md", LEASE).set_value(question).run()
    assert "830 euros" in answered(app, page).text
    assert app.library.bases() == []
