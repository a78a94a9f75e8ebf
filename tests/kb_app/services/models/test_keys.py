"""Keys and servers typed into the page: where they go, who wins, and that nobody sees them again."""

import logging
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from kb_app.app import App, build_app
from kb_app.errors import ConfigurationError, KeyFormatError, ServerAddressError, ServerNameError
from kb_app.services.models.keys import ConnectionEntry, mask
from kb_app.settings import KEYS_FILE, load_settings

KEY = "secret-key-0123456789"


def entry(key: str = "", address: str = "", **models: tuple[str, ...]) -> ConnectionEntry:
    return ConnectionEntry(api_key=SecretStr(key) if key else None, base_url=address, **models)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("KB_GLM_API_KEY", "ZHIPUAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    with build_app(load_settings(tmp_path), owner=True) as built:
        yield built


def test_a_typed_key_is_private_masked_and_still_there_after_a_restart(app: App, tmp_path: Path) -> None:
    app.keys.save("glm", entry(f"  Bearer {KEY}\n"))
    connection = app.keys.connection("glm")
    assert (connection.masked_key, connection.key_source) == ("…6789", "page")
    assert KEY not in repr(app.keys.connections())
    file = tmp_path / KEYS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if KEYS_FILE in path.name] == [KEYS_FILE]
    assert load_settings(tmp_path).glm.api_key.get_secret_value() == KEY


def test_the_database_does_not_hold_it(app: App, tmp_path: Path) -> None:
    app.keys.save("glm", entry(KEY))
    holders = [path.name for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert holders == [KEYS_FILE]


def test_the_environment_beats_the_page_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kb.toml").write_text('[glm]\napi_key = "from-the-file-0000"\nbase_url = "http://file:1"\n')
    with build_app(load_settings(tmp_path), owner=True) as app:
        assert app.keys.connection("glm").key_source == "file"
        app.keys.save("glm", entry(KEY, "http://file:1"))
        assert app.keys.connection("glm").masked_key == "…6789"
        assert "file" not in (tmp_path / KEYS_FILE).read_text(), "what was not changed stays in kb.toml"
    monkeypatch.setenv("KB_GLM_API_KEY", "from-environment-1111")
    with build_app(load_settings(tmp_path), owner=True) as app:
        connection = app.keys.connection("glm")
        assert (connection.masked_key, connection.key_source) == ("…1111", "environment")
        assert connection.fixed == {"api_key"}


def test_an_empty_environment_variable_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / KEYS_FILE).write_text(f'[glm]\napi_key = "{KEY}"\n')
    monkeypatch.setenv("KB_GLM_API_KEY", "")
    assert load_settings(tmp_path).glm.api_key.get_secret_value() == KEY


def test_a_new_server_works_at_once_and_a_running_answer_keeps_its_model(app: App) -> None:
    before = app.models.chat("ollama/qwen3:8b")
    app.keys.add_server("lab", entry(address="127.0.0.1:8000/v1/chat/completions", chat_models=("测试", "b")))
    assert app.models.chat("lab/b").model_id == "lab/b"
    assert app.keys.connection("lab").base_url == "http://127.0.0.1:8000/v1"
    assert before.model_id == "ollama/qwen3:8b"
    assert app.models.chat("ollama/qwen3:8b") is not before
    app.keys.remove_server("lab")
    assert app.keys.connection("lab") is None
    assert "lab" not in app.models.providers


def test_a_key_is_removed_and_an_empty_field_keeps_it(app: App, tmp_path: Path) -> None:
    app.keys.save("glm", entry(KEY))
    app.keys.save("glm", entry(address="http://127.0.0.1:1/v4"))
    assert app.keys.connection("glm").masked_key == "…6789"
    app.keys.remove_key("glm")
    assert app.keys.connection("glm").key_source == "none"
    assert KEY not in (tmp_path / KEYS_FILE).read_text()


@pytest.mark.parametrize("name", ["", "glm", "OLLAMA", "quote", "a b", "a/b", "服务", "-x", "lab", "x" * 41])
def test_a_name_no_model_id_can_begin_with(app: App, name: str) -> None:
    app.keys.add_server("lab", entry(address="http://h"))
    with pytest.raises(ServerNameError):
        app.keys.add_server(name, entry(address="http://h"))


@pytest.mark.parametrize("address", ["", "ftp://h", "http://", "http://[::1"])
def test_what_is_not_an_address(app: App, tmp_path: Path, address: str) -> None:
    with pytest.raises(ServerAddressError):
        app.keys.add_server("lab", entry(address=address))
    assert not (tmp_path / KEYS_FILE).exists()


@pytest.mark.parametrize("key", ["two words", "ｋｅｙ１２３", "密钥", "a\nb"])
def test_what_is_not_a_key_is_refused_without_repeating_it(app: App, key: str) -> None:
    with pytest.raises(KeyFormatError) as caught:
        app.keys.save("glm", entry(key))
    assert key not in str(caught.value)
    assert key not in str(caught.value.params)


def test_a_change_that_cannot_be_used_is_taken_back(app: App, tmp_path: Path) -> None:
    app.keys.save("glm", entry(KEY))
    before = (tmp_path / KEYS_FILE).read_text()
    (tmp_path / "kb.toml").write_text("port = 'many'")
    with pytest.raises(ConfigurationError):
        app.keys.save("glm", entry("another-key-9876543210"))
    assert (tmp_path / KEYS_FILE).read_text() == before
    assert app.keys.connection("glm").masked_key == "…6789"


def test_nothing_of_it_reaches_the_log(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        app.keys.save("glm", entry(KEY, "http://127.0.0.1:9"))
        app.trials.start("glm/glm-4.6", "chat")
        app.keys.add_server("lab", entry(KEY, "http://127.0.0.1:9"))
        app.models.list()
    assert caplog.records
    assert KEY not in caplog.text


def test_a_short_key_shows_nothing() -> None:
    assert (mask(""), mask("short"), mask(KEY)) == ("", "…", "…6789")
