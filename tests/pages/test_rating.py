"""A verdict on an answer, as a reader gives it, and what is kept of it."""

import pytest
from page_reading import Open

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import Message, Rating
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload

NOTES = "# Bees\n\nA bee colony keeps its brood at 35 degrees.\n"


@pytest.fixture
def answer(app: App) -> Message:
    base = app.library.create("Bees")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=NOTES.encode())]))
    return app.answering.ask(AskRequest(question="How warm is the brood?", base_ids=(base.id,))).wait()


def test_a_bad_answer_is_explained_and_taken_back(app: App, answer: Message, open_page: Open) -> None:
    page = open_page(chat=answer.conversation_id)
    page.feedback(key=f"thumbs_{answer.id}").set_value(0).run()
    rating = app.history.message(answer.id).rating
    assert rating is not None
    assert (rating.verdict, rating.reasons) == ("bad", ())

    page.pills(key=f"reasons_{answer.id}").set_value(["invented", "noise"])
    page.text_area(key=f"rating_note_{answer.id}").set_value(" 34 to 36 degrees ")
    page.button(key=f"rating_save_{answer.id}").click().run()
    rating = app.history.message(answer.id).rating
    assert rating is not None
    assert (rating.reasons, rating.note) == (("noise", "invented"), "34 to 36 degrees")
    assert rating.created_at > answer.created_at

    page.feedback(key=f"thumbs_{answer.id}").set_value(None).run()
    assert app.history.message(answer.id).rating is None
    assert not page.exception


def test_a_rating_survives_a_reload_and_goes_with_its_conversation(app: App, answer: Message, open_page: Open) -> None:
    app.history.rate(answer.id, Rating(verdict="bad"))
    app.history.rate(answer.id, Rating(verdict="good"))
    assert open_page(chat=answer.conversation_id).feedback(key=f"thumbs_{answer.id}").value == 1

    app.history.delete(answer.conversation_id)
    app.history.empty_trash()
    with pytest.raises(NotFoundError):
        app.history.rate(answer.id, Rating(verdict="good"))
