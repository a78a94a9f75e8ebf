import errno
import tomllib
from pathlib import Path

import pytest

from kb_app.errors import ConfigurationError
from kb_app.settings import (
    PROVIDERS,
    VENDOR_NAMES,
    AnswerSettings,
    EndpointSettings,
    LangChainSettings,
    ServerSettings,
    Settings,
    load_settings,
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("KB_") or name.endswith("_API_KEY") or name in ("OLLAMA_HOST", "OPENAI_BASE_URL"):
            monkeypatch.delenv(name)


def test_arguments_beat_environment_beat_file_beat_vendor_names(tmp_path, monkeypatch):
    (tmp_path / "kb.toml").write_text(
        'port = 1111\n[ollama]\nbase_url = "http://file:1"\n[openai]\nbase_url = "http://f:2"\n'
    )
    monkeypatch.setenv("OLLAMA_HOST", "vendor:1")
    monkeypatch.setenv("ZHIPUAI_API_KEY", "vendor-key")
    settings = load_settings(tmp_path)
    assert (settings.port, settings.ollama.base_url) == (1111, "http://file:1")
    assert settings.glm.api_key.get_secret_value() == "vendor-key"
    monkeypatch.setenv("KB_PORT", "2222")
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://env:1")
    monkeypatch.setenv("KB_OPENAI_API_KEY", "secret-key")
    settings = load_settings(tmp_path)
    assert (settings.port, settings.ollama.base_url) == (2222, "http://env:1")
    assert (settings.openai.base_url, settings.openai.api_key.get_secret_value()) == ("http://f:2", "secret-key")
    assert load_settings(tmp_path, port=3333).port == 3333
    assert "secret-key" not in repr(settings)


def test_the_data_folder_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KB_DATA_DIR", str(tmp_path / "here"))
    assert load_settings().data_dir == tmp_path / "here"


@pytest.mark.parametrize("content", ["port = 'many'", "prot = 1", "[ollama]\nbase = 'x'", "= broken"])
def test_a_wrong_setting_is_named_in_one_sentence(tmp_path, content):
    (tmp_path / "kb.toml").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert "\n" not in caught.value.params["problem"]


def test_further_servers_and_langchain_classes_come_from_the_file(tmp_path):
    (tmp_path / "kb.toml").write_text(
        '[servers.lab]\nbase_url = "http://h:1/v1"\napi_key = "secret-key"\nfamily = "qwen"\nchat_models = ["a", "b"]\n'
        "context_tokens = 16384\n"
        '[langchain.fake]\nclass_path = "package.module:Class"\narguments = { key = "secret-2" }\n'
    )
    settings = load_settings(tmp_path)
    lab = settings.servers["lab"]
    assert (lab.base_url, lab.family, lab.chat_models, lab.context_tokens) == (
        "http://h:1/v1",
        "qwen",
        ("a", "b"),
        16384,
    )
    assert settings.langchain["fake"].kind == "chat"
    assert "secret" not in repr(settings)


def test_lists_and_windows_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KB_OLLAMA_CONTEXT_TOKENS", "16384")
    monkeypatch.setenv("KB_AZURE_CHAT_MODELS", "gpt-4o, my-deployment")
    monkeypatch.setenv("KB_SERVERS", '{"lab": {"base_url": "http://h:1"}}')
    settings = load_settings(tmp_path)
    assert settings.ollama.context_tokens == 16384
    assert settings.azure.chat_models == ("gpt-4o", "my-deployment")
    assert settings.servers["lab"].base_url == "http://h:1"


@pytest.mark.parametrize(
    "content",
    [
        "[servers.glm]\nbase_url = 'http://h'",
        "[servers.'a b']\nbase_url = 'http://h'",
        "[servers.lab]\napi_key = 'secret-key'",
        "[langchain.x]\nclass_path = 'no colon'\narguments = { key = 'secret-key' }",
        "[glm]\napi_key = ['secret-key']",
    ],
)
def test_a_wrong_provider_is_named_without_its_key(tmp_path, content):
    (tmp_path / "kb.toml").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert "secret-key" not in str(caught.value) + caught.value.params["problem"]


def test_every_setting_is_in_the_document():
    document = (Path(__file__).resolve().parents[2] / "docs/settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        if name in (*PROVIDERS, "reranker"):
            assert f"`[{name}]`" in document
        elif name in ("answers", "prices"):
            assert f'`[{name}."MODEL ID"]`' in document
        elif name in ("servers", "langchain"):
            assert f"`[{name}.NAME]`" in document
        else:
            assert f"| `{name}` |" in document, name
            assert f"`KB_{name.upper()}`" in document
            assert field.description
    for section in (EndpointSettings, ServerSettings, LangChainSettings, AnswerSettings):
        for name in section.model_fields:
            assert f"| `{name}` |" in document, name
    for vendor in VENDOR_NAMES:
        assert f"`{vendor}`" in document


def test_how_a_model_answers_is_set_by_its_id(tmp_path):
    (tmp_path / "kb.toml").write_text('[answers."ollama/qwen3:8b"]\nmax_tokens = 2048\nthinking = true\n')
    answers = load_settings(tmp_path).answers
    assert answers == {"ollama/qwen3:8b": AnswerSettings(max_tokens=2048, thinking=True)}
    (tmp_path / "kb.toml").write_text('[answers."ollama/qwen3:8b"]\ntemperature = 3\n')
    with pytest.raises(ConfigurationError):
        load_settings(tmp_path)


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "keys.toml").write_text("")
    refusal = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "keys.toml"))

    def refuse(*arguments):
        raise refusal

    monkeypatch.setattr(tomllib, "load", refuse)
    with pytest.raises(ConfigurationError, match=r"keys\.toml.*Permission denied"):
        load_settings(tmp_path)
