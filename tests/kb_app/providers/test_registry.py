import subprocess
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, wait

import pytest
from protocol_servers.openai_server import KEY, OpenAIDialectServer
from pydantic import SecretStr

from kb_app import providers
from kb_app.errors import ConfigurationError
from kb_app.models import ModelInfo
from kb_app.providers import Endpoint, Registry, build_providers
from kb_app.providers.endpoint import clean_address, is_local

SDKS = ("httpx", "httpx2", "ollama", "openai", "zhipuai", "langchain_core")


def test_no_sdk_is_imported_before_it_is_used() -> None:
    code = (
        "import sys; from kb_app.providers import Registry, build_providers; Registry(build_providers({}));"
        f"print([name for name in {SDKS} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Slow:
    name = "slow"

    def __init__(self) -> None:
        self.release = threading.Event()

    def models(self) -> list[ModelInfo]:
        self.release.wait(60)
        return []


class Quick:
    name = "quick"

    def models(self) -> list[ModelInfo]:
        return [ModelInfo(id="quick", provider="quick", kind="chat", state="ready")]


def test_slow_provider_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    # As if the time were up as soon as the first has answered, however long that takes.
    monkeypatch.setattr(providers, "wait", lambda asked, timeout: wait(asked, 60, return_when=FIRST_COMPLETED))
    infos = Registry({"slow": slow, "quick": Quick()}).models()
    slow.release.set()
    assert [(info.id, info.state) for info in infos] == [("slow", "unreachable"), ("quick", "ready")]
    assert infos[0].error.code == "timeout"


def test_embedder_is_the_same_object_every_time() -> None:
    registry = Registry(build_providers({}))
    assert registry.embedder("ollama/bge-m3") is registry.embedder("ollama/bge-m3")


def test_extra_providers_come_first() -> None:
    assert next(iter(build_providers({}, extra=[Quick()]))) == "quick"


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("http://h:1/v1/", "http://h:1/v1"),
        (" https://h/v1/chat/completions ", "https://h/v1"),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("http://h/api/chat", "http://h"),
        (
            "https://h/openai/deployments/d/chat/completions?api-version=1",
            "https://h/openai/deployments/d?api-version=1",
        ),
    ],
)
def test_address_is_cleaned(typed: str, address: str) -> None:
    assert clean_address("x", typed, default_port=11434) == address


@pytest.mark.parametrize("typed", ["ftp://host", "http://", "file:///etc"])
def test_wrong_address_names_the_setting(typed: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_providers({"lab": Endpoint(base_url=typed)})
    assert caught.value.params["problem"] == f"lab.base_url: {typed}"


def test_added_server_needs_an_address() -> None:
    with pytest.raises(ConfigurationError):
        build_providers({"lab": Endpoint()})


def test_unknown_family() -> None:
    with pytest.raises(ConfigurationError):
        build_providers({"lab": Endpoint(base_url="http://h", family="nobody")})


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://192.168.1.2", True),
        ("https://api.openai.com/v1", False),
    ],
)
def test_no_proxy_for_local_addresses(address: str, local: bool) -> None:
    assert is_local(address) is local


def test_embedding_models_named_in_the_settings_are_not_taken_for_chat_models() -> None:
    with OpenAIDialectServer() as server:
        server.models = [{"id": "served-model", "object": "model"}, {"id": "vectors-v2", "object": "model"}]
        endpoint = Endpoint(
            base_url=f"{server.url}/v1", api_key=SecretStr(KEY), embedding_models=("vectors-v2", "more")
        )
        infos = build_providers({"lab": endpoint})["lab"].models()
    assert [(info.id, info.kind) for info in infos] == [
        ("lab/served-model", "chat"),
        ("lab/vectors-v2", "embedding"),
        ("lab/more", "embedding"),
    ]
