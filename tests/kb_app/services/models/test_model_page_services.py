"""What the Models page lets run in the background, against real protocol servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from protocol_servers.ollama_server import OllamaServer
from protocol_servers.openai_server import KEY, OpenAIDialectServer
from pydantic import SecretStr
from waiting import until

from kb_app.app import App, build_app
from kb_app.errors import ModelNotFoundError
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.services.models.hardware import Memory, find_memory, largest_gpu, recommended_chat_model
from kb_app.services.models.keys import ConnectionEntry
from kb_app.services.models.store_tasks import StoreTask
from kb_app.services.models.trials import Trial
from kb_app.settings import load_settings


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
def app(tmp_path: Path, ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", ollama.url)
    with build_app(load_settings(tmp_path), owner=True) as built:
        yield built


def try_out(app: App, model_id: str, kind: str) -> Trial:
    app.trials.start(model_id, kind)
    until(lambda: app.trials.get(model_id).state != "running")
    return app.trials.get(model_id)


def task(app: App) -> StoreTask:
    return app.model_store.tasks()[-1]


def test_a_chat_model_is_really_asked_for_one_token(app: App, ollama: OllamaServer) -> None:
    trial = try_out(app, "ollama/qwen2.5:0.5b", "chat")
    assert trial.state == "passed"
    assert trial.latency_s > 0
    [body] = ollama.bodies("/api/chat")
    assert body["options"]["num_predict"] == 1
    assert body["options"]["num_ctx"] == 4096


def test_an_embedding_model_really_embeds(app: App, ollama: OllamaServer) -> None:
    assert try_out(app, "ollama/bge-m3", "embedding").state == "passed"
    assert ollama.bodies("/api/embed")[-1]["input"] == ["Hi"]


@pytest.mark.parametrize(("scenario", "code"), [("memory", "model_too_large"), ("rate_limit", "rate_limit")])
def test_a_failed_test_has_the_typed_error(app: App, ollama: OllamaServer, scenario: str, code: str) -> None:
    ollama.scenario = scenario
    assert try_out(app, "ollama/qwen3:8b", "chat").error.code == code


def test_a_refused_key_and_then_the_right_one(app: App) -> None:
    with OpenAIDialectServer() as server:
        address = f"{server.url}/v1"
        app.keys.add_server("lab", ConnectionEntry(base_url=address, api_key=SecretStr("wrong-key-000000000")))
        assert try_out(app, "lab/served-model", "chat").error.code == "auth"
        app.keys.save("lab", ConnectionEntry(base_url=address, api_key=SecretStr(KEY)))
        assert app.trials.get("lab/served-model") is None, "a result of the old key says nothing"
        assert try_out(app, "lab/served-model", "chat").state == "passed"


def test_a_running_answer_goes_on_when_keys_change(app: App, ollama: OllamaServer) -> None:
    base = app.library.create("Bees")
    notes = b"# Bees\n\nA bee colony keeps its brood at 35 degrees.\n"
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=notes)]))
    ollama.scenario = "endless"
    question = "How warm do bees keep the brood?"
    generation = app.answering.ask(AskRequest(question=question, base_ids=(base.id,), model_id="ollama/qwen3:8b"))
    until(lambda: bool(generation.snapshot().text))
    app.keys.save("glm", ConnectionEntry(api_key=SecretStr("some-key-0123456789")))
    before = len(generation.snapshot().text)
    until(lambda: len(generation.snapshot().text) > before + 20)
    generation.stop()
    assert generation.wait().status == "stopped"


def test_starting_a_test_does_not_wait(app: App, ollama: OllamaServer) -> None:
    ollama.scenario = "silent"
    app.trials.start("ollama/qwen3:8b", "chat")
    assert app.trials.get("ollama/qwen3:8b").state == "running"


def test_a_download_shows_progress_and_is_listed_at_once(app: App, ollama: OllamaServer) -> None:
    ollama.gap_s = 0.02
    app.model_store.pull("  ollama pull llama3:8b ")
    until(lambda: task(app).done_bytes > 0)
    assert task(app).model == "llama3:8b"
    assert 0 < task(app).done_bytes <= task(app).total_bytes <= 2000
    asked = len(ollama.bodies("/api/tags"))
    until(lambda: task(app).state == "done")
    until(lambda: len(ollama.bodies("/api/tags")) > asked)
    app.model_store.dismiss("llama3:8b")
    assert app.model_store.tasks() == []


def test_a_cancelled_download_closes_the_connection(app: App, ollama: OllamaServer) -> None:
    ollama.scenario, ollama.gap_s = "pull_hold", 0.1
    app.model_store.pull("llama3:8b")
    until(lambda: task(app).total_bytes > 0)
    app.model_store.cancel("llama3:8b")
    assert task(app).state == "cancelled"
    assert ollama.client_gone.wait(60)
    assert task(app).state == "cancelled"


def test_an_unknown_model_and_a_broken_download_are_sentences(app: App, ollama: OllamaServer) -> None:
    app.model_store.pull("unknown-model")
    until(lambda: task(app).state == "failed")
    assert task(app).error.code == "model_not_found"
    ollama.scenario = "pull_cut"
    app.model_store.pull("llama3:8b")
    until(lambda: task(app).state == "failed")
    assert task(app).error.code == "interrupted"


@pytest.mark.parametrize("name", ["", "  ", "ollama pull ", "two names"])
def test_no_name_of_a_model(app: App, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        app.model_store.pull(name)


def test_a_model_is_deleted(app: App, ollama: OllamaServer) -> None:
    app.model_store.delete("qwen3:8b")
    until(lambda: task(app).state == "done")
    assert ollama.bodies("/api/delete") == [{"model": "qwen3:8b"}]


def test_this_machine_has_memory() -> None:
    assert 500_000_000 < find_memory().total_bytes < 100_000_000_000_000


@pytest.mark.parametrize(
    ("memory_gb", "gpu_gb", "model"),
    [
        (2, 0, "qwen3:0.6b"),
        (6, 0, "qwen3:1.7b"),
        (8, 0, "qwen3:4b"),
        (64, 0, "qwen3:4b"),
        (16, 8, "qwen3:8b"),
        (32, 12, "qwen3:14b"),
        (64, 24, "qwen3:32b"),
        (64, 3, "qwen3:4b"),
    ],
)
def test_the_recommended_model_fits(memory_gb: int, gpu_gb: int, model: str) -> None:
    memory = Memory(total_bytes=memory_gb * 10**9, gpu_bytes=gpu_gb * 10**9)
    assert recommended_chat_model(memory)[0] == model


def test_the_largest_gpu_counts() -> None:
    listing = "8192, NVIDIA GeForce GTX 1080\n24564, NVIDIA GeForce RTX 4090\n"
    assert largest_gpu(listing) == ("NVIDIA GeForce RTX 4090", 24564 * 1024 * 1024)
