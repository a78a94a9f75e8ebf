"""What a page shows, and waiting for the work behind it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from kb_app.app import App

Open = Callable[..., AppTest]


def wait_for_jobs(app: App, base_id: str) -> None:
    for batch_id in {job.batch_id for job in app.jobs.recent(base_id)}:
        app.jobs.wait(batch_id)


def shown_text(page: AppTest) -> str:
    """Return every sentence the page shows, in order."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success", "toast", "badge")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))


def open_sources(page: AppTest, message_id: str) -> AppTest:
    """Unfold the sources of an answer, whose cards are drawn only then."""
    page.session_state[f"sources_{message_id}"] = True
    return page.run()
