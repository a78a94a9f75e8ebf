"""What the pages show of background work, and which bases they ask, drawn by Streamlit without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from waiting import LONGEST_S

from kb_app.app import App, build_app
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings
from kb_app.ui.runtime import use_app

pytestmark = pytest.mark.usefixtures("prepared_once")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        use_app(app)
        yield app
        use_app(None)


def draw_jobs() -> None:
    from kb_app.ui.jobs import job_progress
    from kb_app.ui.runtime import get_app

    (base,) = get_app().library.bases()
    job_progress(get_app(), base)


def notes(prefix: str, count: int) -> list[Upload]:
    return [Upload(name=f"{prefix}{n}.md", data=f"About bees, {prefix} {n}.".encode()) for n in range(count)]


def test_progress_counts_what_was_added_now_and_not_before(app: App) -> None:
    base = app.library.create("b")
    app.jobs.wait(app.library.add_files(base.id, notes("old", 3)))
    app.jobs.pause(base.id)
    app.library.add_files(base.id, notes("new", 2))
    page = AppTest.from_function(draw_jobs, default_timeout=LONGEST_S).run()
    assert not page.exception
    shown = " ".join(markdown.value for markdown in page.markdown)
    assert "new0.md" in shown
    assert "old0.md" not in shown
    (progress,) = page.get("progress")
    assert "0 / 2" in progress.proto.text.replace(" of ", " / ")


def draw_an_idle_page() -> None:
    import streamlit as st

    from kb_app.ui.jobs import _content, _look
    from kb_app.ui.runtime import get_app

    (base,) = get_app().library.bases()
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    drawn = st.session_state.setdefault("drawn", _content(get_app(), base))
    if st.session_state["runs"] < 4:  # as a fragment does, long after the page was drawn
        _look(get_app(), base.id, drawn)


def test_an_idle_page_is_redrawn_when_files_came_from_elsewhere(app: App) -> None:
    base = app.library.create("b")
    app.jobs.wait(app.library.add_files(base.id, notes("old", 1)))
    page = AppTest.from_function(draw_an_idle_page, default_timeout=LONGEST_S).run()
    assert page.session_state["runs"] == 1

    app.jobs.wait(app.library.add_files(base.id, notes("old", 1)))  # unchanged: the same counts, but something to tell
    page.run()

    assert not page.exception
    assert page.session_state["runs"] == 4


def draw_a_page_that_looked_too_early() -> None:
    from dataclasses import replace

    import streamlit as st

    from kb_app.ui.jobs import job_progress
    from kb_app.ui.runtime import get_app

    (base,) = get_app().library.bases()
    runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    job_progress(get_app(), replace(base, document_count=0, chunk_count=0) if runs == 1 else base)


def test_a_page_is_drawn_again_when_the_last_file_was_done_while_it_was_drawn(app: App) -> None:
    base = app.library.create("b")
    app.jobs.wait(app.library.add_files(base.id, notes("new", 1)))
    page = AppTest.from_function(draw_a_page_that_looked_too_early, default_timeout=LONGEST_S).run()
    assert not page.exception
    assert page.session_state["runs"] == 2


def draw_jobs_of_a_stale_page() -> None:
    import streamlit as st

    from kb_app.ui.jobs import _job_progress
    from kb_app.ui.runtime import get_app

    (base,) = get_app().library.bases()
    runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if runs < 5:
        st.text(runs)
        # What the fragment does at a tick: the page around it was drawn before, and once more, after a file was done.
        _job_progress(get_app(), base.id, 0 if runs == 1 else 1)


def test_the_page_is_drawn_again_when_a_file_is_done_and_others_wait(app: App, tmp_path: Path) -> None:
    base = app.library.create("b")
    app.jobs.pause(base.id)
    app.library.add_files(base.id, [Upload(name="gone.md", data=tmp_path / "gone.md"), *notes("a", 1)])
    assert [job.state for job in app.jobs.under_way(base.id)] == ["failed", "queued"]

    page = AppTest.from_function(draw_jobs_of_a_stale_page, default_timeout=LONGEST_S).run()

    assert page.text[0].value == "2"
    assert len(page.get("progress")) == 1


def test_a_failure_is_told_until_the_file_is_added_again(app: App) -> None:
    base = app.library.create("b")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="a.md", data=b""), Upload(name="b.md", data=b"")]))
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="a.md", data=b"About bees.")]))

    shown = " ".join(
        markdown.value for markdown in AppTest.from_function(draw_jobs, default_timeout=LONGEST_S).run().markdown
    )

    assert "b.md" in shown
    assert "a.md" not in shown


def test_a_reindex_is_no_addition(app: App) -> None:
    base = app.library.create("b")
    app.jobs.wait(app.library.add_files(base.id, notes("a", 1)))
    app.jobs.wait(app.library.reindex(base.id))

    (summary,) = [one.value for one in AppTest.from_function(draw_jobs, default_timeout=LONGEST_S).run().markdown]

    assert "1 added" in summary
    assert "re-indexed" in summary


def draw_scope() -> None:
    import streamlit as st

    from kb_app.ui.asking import scope
    from kb_app.ui.runtime import get_app

    st.text(",".join(scope(get_app().library.bases())))


def test_when_the_picked_base_is_gone_no_other_is_asked_instead(app: App) -> None:
    picked, other = app.library.create("picked"), app.library.create("other")
    page = AppTest.from_function(draw_scope, default_timeout=LONGEST_S).run()
    assert set(page.text[0].value.split(",")) == {picked.id, other.id}
    page.session_state["kb.scope"] = (picked.id,)
    assert page.run().text[0].value == picked.id
    app.library.delete(picked.id)
    assert page.run().text[0].value == ""
