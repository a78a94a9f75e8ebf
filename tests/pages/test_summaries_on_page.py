"""Summaries on the page: what they take is said before they are switched on; cards stand in the list."""

from collections.abc import Iterator

import pytest
from page_reading import Open, shown_text, wait_for_jobs
from protocol_servers.ollama_server import OllamaServer

from kb_app.app import App
from kb_app.services.documents.library import Upload
from kb_app.settings import load_settings


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(answer_text="About *ferries*. Key terms: island.") as server:
        yield server


def test_the_cost_is_shown_first_and_the_card_stands_in_the_list(
    server: OllamaServer, app: App, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = app.library.create("Trips")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="ferry.md", data=b"The ferry leaves at nine.")]))
    page = open_page("knowledge_bases")
    page.button(key="ask_base_summaries").click().run()
    assert "cannot write summaries: choose a language model" in shown_text(page)
    assert page.button(key="write_summaries").disabled
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", server.url)
    app._use_providers(load_settings(app.settings.data_dir))
    app.models.list()
    page.run()
    page.selectbox(key="summary_model").set_value("ollama/qwen2.5:0.5b").run()
    shown = shown_text(page)
    assert "1 document without a card: about" in shown
    assert "the cost is not known" in shown
    page.button(key="write_summaries").click().run()
    assert app.library.base(base.id).summary_model == "ollama/qwen2.5:0.5b"
    wait_for_jobs(app, base.id)
    page.run()
    shown = shown_text(page)
    assert "About \\*ferries\\*. Key terms" in shown
    assert "Summary by ollama/qwen2.5" in shown
    page.button(key="ask_base_summaries").click().run()
    page.button(key="discard_summaries").click().run()
    assert app.summaries.of_base(base.id) == {}
    assert not page.exception
