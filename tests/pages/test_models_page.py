"""Models as a user meets them: state, remedy, test, keys, servers, Ollama's downloads."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_reading import Open, shown_text
from protocol_servers.http_server import ProtocolServer, Received, Reply, json_reply
from protocol_servers.ollama_server import OllamaServer
from protocol_servers.openai_server import KEY, OpenAIDialectServer
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest
from waiting import until

from kb_app.app import App, build_app
from kb_app.services.documents.library import Upload
from kb_app.services.models.keys import ConnectionEntry
from kb_app.settings import KEYS_FILE, load_settings
from kb_app.ui.runtime import use_app

SECRET = "secret-key-0123456789"


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
def app(tmp_path: Path, ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Serve an app with a running Ollama server, instead of the one without."""
    for name in ("KB_GLM_API_KEY", "ZHIPUAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", ollama.url)
    with build_app(load_settings(tmp_path / "data"), owner=True) as built:
        use_app(built)
        until(lambda: built.hardware.memory() is not None)
        built.models.list()
        yield built
        use_app(None)


def entry(key: str, address: str = "") -> ConnectionEntry:
    return ConnectionEntry(api_key=SecretStr(key), base_url=address)


def settled(app: App, page: AppTest) -> str:
    """Return what the page shows when nothing is under way any more."""
    until(lambda: not (app.models.is_asking or app.trials.is_running() or app.model_store.is_running()))
    page.run()
    assert not page.exception
    return shown_text(page).replace("\\", "").replace("\u200b", "")


def test_ollama_lists_what_is_installed_with_its_facts(app: App, open_page: Open) -> None:
    text = settled(app, open_page("models"))
    assert "qwen3:8b" in text
    assert "5.2 GB · 8.2B · Q4_K_M · window 40,960 tokens · 5.2 GB in memory, 3.0 GB of it on the GPU" in text
    assert "What fits it best" in text
    assert "Zhipu GLM** :gray-badge[not set up]" in text


def test_the_same_in_chinese(app: App, open_page: Open) -> None:
    text = settled(app, open_page("models", lang="zh"))
    assert "上下文 40,960 词元" in text
    assert "智谱 GLM** :gray-badge[未设置]" in text


def test_without_ollama_the_page_says_what_to_do(app: App, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    app.keys.save("glm", entry(SECRET))
    text = settled(app, open_page("models"))
    assert "not reachable" in text
    assert "Get it from ollama.com" in text


def test_a_test_really_asks_and_shows_how_long_it_took(app: App, open_page: Open, ollama: OllamaServer) -> None:
    page = open_page("models")
    page.button(key="test_ollama/qwen3:8b").click().run()
    page.button(key="test_ollama/bge-m3").click().run()
    text = settled(app, page)
    assert "ollama/qwen3:8b answered; its first word took" in text
    assert "ollama/bge-m3 works; one text took" in text
    assert len(ollama.bodies("/api/chat")) == 1


def test_a_failed_test_says_why_and_what_to_do(app: App, open_page: Open, ollama: OllamaServer) -> None:
    ollama.scenario = "memory"
    page = open_page("models")
    page.button(key="test_ollama/qwen3:8b").click().run()
    text = settled(app, page)
    assert "There is not enough memory" in text
    assert "Choose a smaller model" in text


@pytest.mark.slow
def test_a_server_is_added_tested_and_removed_and_its_key_stays_secret(app: App, open_page: Open) -> None:
    with OpenAIDialectServer() as server:
        page = open_page("models")
        page.button(key="add_server").click().run()
        page.text_input(key="server_name").set_value("lab")
        page.text_input(key="server_address_").set_value(f"{server.url}/v1/chat/completions")
        page.text_input(key="server_key_").set_value(KEY)
        page.button(key="dialog_submit").click().run()
        text = settled(app, page)
        assert f"{server.url}/v1 · key …6789" in text
        assert KEY not in text
        assert KEY not in str(page)
        assert KEY not in repr(page.session_state._state)
        page.button(key="test_lab/served-model").click().run()
        assert "lab/served-model answered" in settled(app, page)
        page.button(key="remove_server_lab").click().run()
        page.button(key="confirm_yes").click().run()
        assert app.keys.connection("lab") is None
        assert KEY not in (app.settings.data_dir / KEYS_FILE).read_text()


def test_a_wrong_server_keeps_the_dialog_open_with_a_sentence(app: App, open_page: Open) -> None:
    page = open_page("models")
    page.button(key="add_server").click().run()
    page.text_input(key="server_name").set_value("lab")
    page.text_input(key="server_address_").set_value("ftp://somewhere")
    page.text_input(key="server_key_").set_value(SECRET)
    page.button(key="dialog_submit").click().run()
    assert "is not the address of a server" in page.error[0].value
    assert page.text_input(key="server_name").value == "lab"
    assert "ftp://somewhere" in repr(page.session_state._state)
    assert SECRET not in repr(page.session_state._state)
    assert app.keys.connection("lab") is None


def test_a_key_is_entered_and_removed(app: App, open_page: Open) -> None:
    page = open_page("models")
    page.button(key="connect_glm").click().run()
    page.text_input(key="server_key_glm").set_value(SECRET)
    page.button(key="dialog_submit").click().run()
    text = settled(app, page)
    assert "Zhipu GLM** :blue-badge[not tested]" in text
    assert "key …6789" in text
    assert SECRET not in str(page)
    page.button(key="connect_glm").click().run()
    assert page.text_input(key="server_key_glm").value == ""
    page.run()
    page.button(key="remove_key_glm").click().run()
    assert app.keys.connection("glm").key_source == "none"


def test_a_model_is_downloaded_with_progress_and_cancelled(app: App, open_page: Open, ollama: OllamaServer) -> None:
    ollama.scenario, ollama.gap_s = "pull_hold", 0.1
    page = open_page("models")
    page.text_input(key="pull_name").set_value("ollama pull llama3:8b")
    page.button(key="pull_submit").click().run()
    until(lambda: app.model_store.tasks()[0].done_bytes > 0)
    page.run()
    page.button(key="cancel_llama3:8b").click().run()
    text = settled(app, page)
    assert "starting it again goes on where it was" in text
    assert ollama.client_gone.wait(60)


def test_a_model_is_deleted_after_a_question(app: App, open_page: Open, ollama: OllamaServer) -> None:
    page = open_page("models")
    page.button(key="delete_model_ollama/qwen3:8b").click().run()
    page.button(key="confirm_no").click().run()
    assert ollama.bodies("/api/delete") == []
    page.button(key="delete_model_ollama/qwen3:8b").click().run()
    page.button(key="confirm_yes").click().run()
    assert "qwen3:8b was deleted" in settled(app, page)
    assert ollama.bodies("/api/delete") == [{"model": "qwen3:8b"}]


class SilentServer(ProtocolServer):
    """Answers when ``release`` is set."""

    release = threading.Event()

    def answer(self, request: Received) -> Reply:
        self.release.wait(60)
        return json_reply({}, 404)


def test_opening_the_page_does_not_wait_for_a_silent_server(app: App, open_page: Open) -> None:
    with SilentServer() as server:
        app.keys.add_server("slow", entry(SECRET, f"{server.url}/v1"))
        page = open_page("models")
        page.run()
        assert app.models.is_asking, "it was waited for"
        assert "slow" in shown_text(page)
        server.release.set()


def test_a_base_gets_another_embedder_when_it_is_indexed_afresh(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    note = Upload(name="ferry.md", data=b"# Ferry\n\nThe ferry leaves at nine.\n")
    app.jobs.wait(app.library.add_files(base.id, [note]))
    page = open_page("knowledge_bases")
    page.button(key="ask_reindex_base").click().run()
    assert "1 document with 1 passage will be indexed afresh" in shown_text(page)
    page.selectbox(key="base_embedder").set_value("ollama/bge-m3")
    page.button(key="dialog_submit").click().run()
    until(lambda: app.library.base(base.id).embedder == "ollama/bge-m3")
