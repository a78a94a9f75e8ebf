import pytest

from kb_app.errors import ConfigurationError
from kb_app.settings import load_settings


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
