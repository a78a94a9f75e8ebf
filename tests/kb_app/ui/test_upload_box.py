"""The upload box hands every file over once, and says what it takes in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb_app.app import App, build_app
from kb_app.settings import load_settings
from kb_app.ui.runtime import use_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        use_app(app)
        app.library.create("b")
        yield app
        use_app(None)


def draw_box_and_repeat_its_callback() -> None:
    import streamlit as st

    from kb_app.ui.documents import _add, upload_box
    from kb_app.ui.runtime import get_app

    app = get_app()
    (base,) = app.library.bases()
    files = st.session_state.get(f"upload_{base.id}_0")
    upload_box(app, base)
    if files:  # as a slow browser does, which sends the box's old value again
        st.session_state["again"] = files
        _add(app, base.id, "again")


def test_files_sent_twice_by_the_browser_are_added_once(app: App) -> None:
    (base,) = app.library.bases()
    page = AppTest.from_function(draw_box_and_repeat_its_callback).run()
    files = [("a.md", b"About bees.", "text/plain"), ("empty.txt", b"", "text/plain")]
    page.file_uploader[0].set_value(files).run()

    assert not page.exception
    assert [job.name for job in app.jobs.recent(base.id)] == ["a.md", "empty.txt"]

    page.file_uploader[0].set_value(files).run()

    assert len(app.jobs.recent(base.id)) == 4
