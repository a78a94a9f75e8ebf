"""A follow-up says what was searched for; an independent question does not."""

from page_reading import Open, shown_text

from kb_app.app import App
from kb_app.messages import translate
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload


def test_an_answer_to_a_follow_up_says_what_was_searched_for(app: App, open_page: Open) -> None:
    base = app.library.create("Bees")
    notes = b"# Bees\n\nBees keep the brood at 35 degrees because it dies in the cold."
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=notes)]))
    conversation = None
    for question in ("At which temperature do bees keep the brood?", "Why?"):
        generation = app.answering.ask(
            AskRequest(question=question, base_ids=(base.id,), conversation_id=conversation, language="en")
        )
        generation.wait()
        conversation = generation.conversation_id

    text = shown_text(open_page(chat=conversation))
    assert translate("en", "ui.answer.looked_for", query="temperature bees keep brood Why?") in text.replace("\\", "")
    assert text.count("Looked for") == 1
