"""The upload box hands every file over once, and says what it takes in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from waiting import LONGEST_S

from kb_app.app import App, build_app
from kb_app.settings import load_settings
from kb_app.ui.runtime import use_app

pytestmark = pytest.mark.usefixtures("prepared_once")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        use_app(app)
        app.library.create("b")
        yield app
        use_app(None)


def draw_box_with_its_old_files() -> None:
    import streamlit as st

    from kb_app.ui.runtime import get_app
    from kb_app.ui.state import UPLOAD_GENERATION
    from kb_app.ui.uploading import upload_box

    (base,) = get_app().library.bases()
    if st.session_state.get("kb.uploaded_files") and "again" not in st.session_state:
        # A run that was broken off before it emptied the box, or a browser that sends its old value once more.
        st.session_state["again"] = True
        UPLOAD_GENERATION.set(0)
    upload_box(get_app(), base)


def test_files_sent_twice_by_the_browser_are_added_once(app: App) -> None:
    (base,) = app.library.bases()
    page = AppTest.from_function(draw_box_with_its_old_files, default_timeout=LONGEST_S).run()
    files = [("a.md", b"About bees.", "text/plain"), ("empty.txt", b"", "text/plain")]
    page.file_uploader[0].set_value(files).run()

    assert not page.exception
    assert [job.name for job in app.jobs.recent(base.id)] == ["a.md", "empty.txt"]

    page.file_uploader[0].set_value(files).run()

    assert len(app.jobs.recent(base.id)) == 4


def test_what_cannot_be_read_is_taken_as_well_and_the_outcome_says_what_to_do(app: App) -> None:
    (base,) = app.library.bases()
    page = AppTest.from_function(draw_box_with_its_old_files, default_timeout=LONGEST_S).run()
    assert not page.file_uploader[0].proto.type  # the browser would refuse it in English, and forget it
    files = [("talk.mp3", b"ID3" + bytes(500), "audio/mpeg"), ("old.doc", b"\xd0\xcf\x11\xe0", "application/msword")]
    page.file_uploader[0].set_value(files).run()
    for batch_id in {job.batch_id for job in app.jobs.recent(base.id)}:
        app.jobs.wait(batch_id)

    errors = {job.name: job.error and job.error.code for job in app.jobs.recent(base.id)}
    assert errors == {"talk.mp3": "transcription_needed", "old.doc": "unsupported"}


def test_of_a_folder_documents_that_cannot_be_read_are_sent_to_be_named_and_strangers_are_not(app: App) -> None:
    page = AppTest.from_function(draw_box_with_its_old_files, default_timeout=LONGEST_S).run()
    page.button(key="upload_other_way").click().run()
    sent = set(page.file_uploader[0].proto.type)

    assert {".mp3", ".pdf", ".zip", ".doc", ".rar"} <= sent
    assert not {".exe", ".png"} & sent


def test_a_folder_keeps_its_names_and_its_hidden_folders_to_itself(app: App) -> None:
    (base,) = app.library.bases()
    page = AppTest.from_function(draw_box_with_its_old_files, default_timeout=LONGEST_S).run()
    page.button(key="upload_other_way").click().run()
    names = ["notes/a.md", "notes/day 1/b.txt", "notes/.git/c.md", "notes/__MACOSX/._a.md"]
    page.file_uploader[0].set_value([(name, b"About bees.", "text/plain") for name in names]).run()

    assert not page.exception
    assert sorted(job.name for job in app.jobs.recent(base.id)) == ["notes/a.md", "notes/day 1/b.txt"]
    assert page.session_state["kb.flash"] == "Adding 2 files. 2 files in hidden folders were left out."


def test_the_sentence_under_the_box_names_kinds_and_not_endings(app: App) -> None:
    page = AppTest.from_function(draw_box_with_its_old_files, default_timeout=LONGEST_S).run()
    sentence = page.caption[0].value
    assert "Word" in sentence
    assert "DOCM" not in sentence
    assert "DOCM" in page.file_uploader[0].help
