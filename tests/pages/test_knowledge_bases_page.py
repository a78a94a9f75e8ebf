"""Knowledge bases as a user keeps them: create, fill, look, clean up."""

from page_reading import Open, shown_text, wait_for_jobs
from streamlit.testing.v1 import AppTest

from kb_app.app import App
from kb_app.services.documents.library import Upload

NOTES = "# Notes\n\nThe ferry leaves at nine. It takes forty minutes to reach the island.\n"


def upload(app: App, page: AppTest, *files: tuple[str, bytes]) -> None:
    page.file_uploader[0].set_value([(name, data, "text/plain") for name, data in files]).run()
    for base in app.library.bases():
        wait_for_jobs(app, base.id)
    page.run()
    assert not page.exception


def test_a_base_is_created_from_the_first_run_panel(app: App, open_page: Open) -> None:
    page = open_page("knowledge_bases")
    page.button(key="create_own").click().run()
    page.text_input(key="base_name").set_value("旅行 notes")
    page.button(key="dialog_submit").click().run()

    assert [base.name for base in app.library.bases()] == ["旅行 notes"]
    assert "No documents yet" in shown_text(page)


def test_a_name_that_is_taken_is_refused_with_a_sentence(app: App, open_page: Open) -> None:
    app.library.create("Trips")
    page = open_page("knowledge_bases")
    page.button(key="new_base").click().run()
    page.text_input(key="base_name").set_value("trips")
    page.button(key="dialog_submit").click().run()

    assert len(app.library.bases()) == 1
    assert "of this name exists already" in page.error[0].value


def test_many_files_at_once_each_get_their_outcome(app: App, open_page: Open) -> None:
    app.library.create("Trips")
    page = open_page("knowledge_bases")
    upload(app, page, ("ferry.md", NOTES.encode()), ("empty.txt", b""), ("渡轮.txt", "渡轮九点开。".encode()))

    text = shown_text(page)
    assert "2 added" in text
    assert "1 failed" in text
    assert "The file is empty" in text.replace("\\", "")
    assert {checkbox.label.replace("\\", "") for checkbox in page.checkbox} >= {"ferry.md", "渡轮.txt"}


def test_a_duplicate_is_unchanged_and_a_new_version_replaces(app: App, open_page: Open) -> None:
    app.library.create("Trips")
    page = open_page("knowledge_bases")
    upload(app, page, ("ferry.md", NOTES.encode()))
    upload(app, page, ("ferry.md", NOTES.encode()))
    assert "1 unchanged" in shown_text(page)

    upload(app, page, ("ferry.md", NOTES.replace("nine", "ten").encode()))
    assert "1 replaced" in shown_text(page)
    assert len(app.library.documents(app.library.bases()[0].id)) == 1


def test_selected_documents_are_removed_after_a_question(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    files = [Upload(name=f"{name}.md", data=(NOTES + name).encode()) for name in ("one", "two", "three")]
    app.jobs.wait(app.library.add_files(base.id, files))
    page = open_page("knowledge_bases")
    one = next(document for document in app.library.documents(base.id) if document.name == "one.md")

    page.checkbox(key=f"document_{one.id}").check().run()
    page.button(key="remove_documents").click().run()
    page.button(key="confirm_no").click().run()
    assert len(app.library.documents(base.id)) == 3

    page.button(key="remove_documents").click().run()
    page.button(key="confirm_yes").click().run()
    assert [document.name for document in app.library.documents(base.id)] == ["three.md", "two.md"]


def test_documents_are_found_by_name_and_all_selected(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    files = [Upload(name=f"note {number:02}.md", data=(NOTES + str(number)).encode()) for number in range(30)]
    app.jobs.wait(app.library.add_files(base.id, files))
    page = open_page("knowledge_bases")
    assert "1–25 of 30" in shown_text(page)

    page.text_input(key="document_search").set_value("note 2").run()
    page.checkbox(key="select_all").check().run()
    assert page.button(key="remove_documents").label == "Remove (10)"


def test_a_base_is_renamed_reindexed_and_deleted(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="ferry.md", data=NOTES.encode())]))
    page = open_page("knowledge_bases")

    page.button(key="ask_rename_base").click().run()
    page.text_input(key="base_name").set_value("Journeys")
    page.button(key="dialog_submit").click().run()
    assert app.library.base(base.id).name == "Journeys"

    page.button(key="ask_reindex_base").click().run()
    assert "1 document " in shown_text(page)
    page.button(key="dialog_submit").click().run()
    assert any(job.kind == "reindex" for job in app.jobs.recent(base.id))
    wait_for_jobs(app, base.id)

    page.run()
    page.button(key="ask_delete_base").click().run()
    page.button(key="confirm_yes").click().run()
    assert app.library.bases() == []
    assert not page.exception
