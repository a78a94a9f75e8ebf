import logging
import threading
from collections.abc import Callable

import numpy as np
import pytest
from protocol_servers.http_server import Reply
from protocol_servers.ollama_server import ANSWER, THOUGHT, OllamaServer
from waiting import until

from kb_app.errors import (
    BadRequestError,
    BadResponseError,
    ContextTooLongError,
    InterruptedStreamError,
    ModelNotFoundError,
    ModelTooLargeError,
    NotPulledError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    ServerError,
    UnreachableError,
    error_info,
)
from kb_app.messages import LANGUAGES, error_text
from kb_app.models import ChatMessage, ChatOptions, ChatRequest, Finished, ModelEvent, Thinking, Token, Usage
from kb_app.providers import Registry, build_providers
from kb_app.providers.endpoint import Endpoint
from kb_app.providers.ollama import OllamaProvider, PullProgress
from kb_app.providers.stream import Hangup

Shows = Callable[[str, str], None]


def registry(server: OllamaServer, **endpoint: object) -> Registry:
    return Registry(build_providers({"ollama": Endpoint(base_url=server.url, **endpoint)}))


def question(text: str = "质保期多久？", **options: object) -> ChatRequest:
    system = ChatMessage(role="system", content="只用资料回答。")
    return ChatRequest(messages=(system, ChatMessage(role="user", content=text)), options=ChatOptions(**options))


def ask(server: OllamaServer, model: str = "qwen3:8b", request: ChatRequest | None = None) -> list[ModelEvent]:
    return list(registry(server).chat_model(f"ollama/{model}").stream(request or question()))


def answer(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def thoughts(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Thinking))


def received_before(server: OllamaServer, kind: type[ProviderError]) -> tuple[str, ProviderError]:
    """Return the text that came before the expected failure, and the failure."""
    events: list[ModelEvent] = []
    with pytest.raises(kind) as caught:  # noqa: PT012 - what came before the failure is wanted
        for event in registry(server).chat_model("ollama/qwen3:8b").stream(question()):
            events.append(event)
    assert type(caught.value) is kind
    for language in LANGUAGES:
        assert error_text(language, error_info(caught.value)).message
    return answer(events), caught.value


# --- answers -----------------------------------------------------------------------------------------


def test_answer_is_streamed_with_usage_and_exactly_one_end(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "chat")
    events = ask(ollama)
    assert answer(events) == ANSWER
    assert len([event for event in events if isinstance(event, Token)]) > 5
    assert isinstance(events[-2], Usage)
    assert events[-2].completion_tokens == len(ANSWER)
    assert events[-1] == Finished(reason="complete")
    assert sum(isinstance(event, Finished) for event in events) == 1


def test_thinking_is_told_from_the_answer(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "thinking")
    ollama.scenario = "thinking"
    events = ask(ollama, request=question(thinking=True))
    assert thoughts(events) == THOUGHT
    assert answer(events) == ANSWER
    assert ollama.bodies("/api/chat")[0]["think"] is True


def test_think_tags_in_the_text_are_thinking(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "think_tags")
    ollama.scenario = "think_tags"
    events = ask(ollama, "qwen2.5:0.5b")
    assert thoughts(events).strip() == THOUGHT
    assert answer(events) == ANSWER


@pytest.mark.parametrize(
    ("model", "wanted", "sent"),
    [
        ("qwen3:8b", True, True),
        ("qwen3:8b", False, False),
        ("qwen2.5:0.5b", True, None),
        ("gpt-oss:20b", True, "medium"),
        ("gpt-oss:20b", False, "low"),
    ],
)
def test_think_is_sent_as_the_model_can_take_it(ollama: OllamaServer, model: str, wanted: bool, sent: object) -> None:
    ask(ollama, model, question(thinking=wanted))
    assert ollama.bodies("/api/chat")[0].get("think") == sent


def test_cut_by_the_length_limit_is_said(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "length")
    ollama.scenario = "length"
    assert ask(ollama)[-1] == Finished(reason="length")


@pytest.mark.parametrize("scenario", ["split", "separators", "long", "slow_start"])
def test_text_arrives_whole(ollama: OllamaServer, scenario: str, shows: Shows) -> None:
    shows("ollama", scenario)
    ollama.scenario, ollama.delay_s = scenario, 0.1
    whole = {"separators": "第一行\u2028第二行\u2029第三行\u0085第四行", "long": "很长的回答。" * 20_000}
    events = ask(ollama)
    assert answer(events) == whole.get(scenario, ANSWER)
    assert isinstance(events[-1], Finished)


def test_first_token_comes_before_the_end(ollama: OllamaServer) -> None:
    ollama.scenario = "endless"
    stream = registry(ollama).chat_model("ollama/qwen3:8b").stream(question())
    assert next(stream) == Token(text="再来 ")
    stream.close()


# --- the context window --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "cap", "window"), [("qwen3:8b", 0, 8192), ("qwen3:8b", 16384, 16384), ("qwen2.5:0.5b", 0, 4096)]
)
def test_window_is_the_models_own_capped_and_always_sent(
    ollama: OllamaServer, model: str, cap: int, window: int
) -> None:
    chat = registry(ollama, context_tokens=cap).chat_model(f"ollama/{model}")
    assert chat.context_tokens == window
    for text in ("短问题", "长一点的问题" * 50):
        list(chat.stream(question(text)))
    assert [body["options"]["num_ctx"] for body in ollama.bodies("/api/chat")] == [window, window]
    assert len(ollama.bodies("/api/show")) == 1


def test_prompt_that_cannot_fit_is_refused_before_sending(ollama: OllamaServer) -> None:
    with pytest.raises(ContextTooLongError):
        ask(ollama, request=question("长" * 30_000))
    assert not ollama.bodies("/api/chat")


def test_prompt_that_was_cut_is_logged(ollama: OllamaServer, caplog: pytest.LogCaptureFixture) -> None:
    ollama.prompt_tokens = 100
    with caplog.at_level(logging.WARNING):
        ask(ollama, request=question("资料" * 3000))
    assert "probably cut" in caplog.text


def test_ordinary_prompt_logs_nothing(ollama: OllamaServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        ask(ollama)
    assert not caplog.records


def test_messages_are_sent_in_the_shape_every_server_takes(ollama: OllamaServer) -> None:
    turns = [("user", "一"), ("user", "二"), ("assistant", " \n"), ("assistant", "答"), ("user", "三")]
    messages = tuple(ChatMessage(role=role, content=text) for role, text in turns)
    list(registry(ollama).chat_model("ollama/qwen3:8b").stream(ChatRequest(messages=messages)))
    sent = [(message["role"], message["content"]) for message in ollama.bodies("/api/chat")[0]["messages"]]
    assert sent == [("user", "一\n\n二"), ("assistant", "答"), ("user", "三")]


def test_nothing_asked_is_a_bad_request(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "bad_request")
    with pytest.raises(BadRequestError):
        list(registry(ollama).chat_model("ollama/qwen3:8b").stream(ChatRequest(messages=())))


# --- failures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "kind", "kept"),
    [
        ("error_in_stream", ServerError, "质保"),
        ("no_end", InterruptedStreamError, "质保期是"),
        ("drop", InterruptedStreamError, "质保期是"),
        ("empty_body", InterruptedStreamError, ""),
        ("broken_json", BadResponseError, "质保"),
        ("wrong_json", BadResponseError, "质保"),
        ("web_page", BadResponseError, ""),
        ("rate_limit", RateLimitError, ""),
        ("server", ServerError, ""),
        ("memory", ModelTooLargeError, ""),
        ("too_long", ContextTooLongError, ""),
        ("load", BadResponseError, ""),
    ],
)
def test_failure_is_typed_and_keeps_what_came(
    ollama: OllamaServer, scenario: str, kind: type[ProviderError], kept: str, shows: Shows
) -> None:
    shows("ollama", scenario)
    ollama.scenario = scenario
    text, error = received_before(ollama, kind)
    assert text == kept
    assert error.params["address"] == ollama.url
    assert error.params["model"] == "qwen3:8b"


def test_model_that_is_not_pulled_names_the_command(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "no_model")
    with pytest.raises(ModelNotFoundError) as caught:
        ask(ollama, "llama3:70b")
    assert isinstance(caught.value, NotPulledError)
    assert "ollama pull llama3:70b" in error_text("zh", error_info(caught.value)).hint


def test_server_that_is_not_there(shows: Shows) -> None:
    shows("ollama", "server_down")
    with OllamaServer() as server:
        pass
    with pytest.raises(UnreachableError) as caught:
        ask(server)
    assert server.url in error_text("en", error_info(caught.value)).message


def test_server_that_never_answers_times_out(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "timeout")
    ollama.scenario = "silent"
    chat = registry(ollama, read_timeout_s=0.1).chat_model("ollama/qwen3:8b")
    with pytest.raises(ProviderTimeoutError):
        list(chat.stream(question()))


def test_key_never_reaches_the_error(ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch, shows: Shows) -> None:
    shows("ollama", "wrong_key")
    from pydantic import SecretStr

    def refuse(body: object) -> Reply:
        return Reply(status=401, pieces=[b'{"error": "key topsecret-value is wrong, sk-abcdef123456"}'])

    monkeypatch.setattr(ollama, "chat_answer", refuse)
    chat = registry(ollama, api_key=SecretStr("Bearer topsecret-value")).chat_model("ollama/qwen3:8b")
    with pytest.raises(ProviderError) as caught:
        list(chat.stream(question()))
    assert caught.value.code == "auth"
    assert "topsecret" not in str(caught.value)
    assert "sk-abc" not in str(caught.value)
    assert ollama.requests[-1].headers["authorization"] == "Bearer topsecret-value"


# --- stopping --------------------------------------------------------------------------------------------


def test_close_closes_the_connection(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "stop")
    ollama.scenario = "endless"
    stream = registry(ollama).chat_model("ollama/qwen3:8b").stream(question())
    assert isinstance(next(stream), Token)
    stream.close()
    assert ollama.client_gone.wait(60)
    assert list(stream) == []


@pytest.mark.parametrize("scenario", ["silent", "endless"])
def test_close_from_another_thread_ends_the_wait(ollama: OllamaServer, scenario: str, shows: Shows) -> None:
    shows("ollama", "stop_waiting" if scenario == "silent" else "stop")
    ollama.scenario = scenario
    stream = registry(ollama).chat_model("ollama/qwen3:8b").stream(question())
    events: list[ModelEvent] = []
    reader = threading.Thread(target=lambda: events.extend(stream))
    reader.start()
    until(lambda: events if scenario == "endless" else ollama.bodies("/api/chat"))
    stream.close()
    reader.join(60)
    assert not reader.is_alive()
    assert ollama.client_gone.wait(60)
    assert not any(isinstance(event, Finished) for event in events)


def test_stream_closed_before_it_began_sends_nothing(ollama: OllamaServer) -> None:
    stream = registry(ollama).chat_model("ollama/qwen3:8b").stream(question())
    stream.close()
    assert list(stream) == []
    assert not ollama.requests


# --- listing -----------------------------------------------------------------------------------------------


def test_models_are_listed_with_kind_state_and_details(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "list")
    infos = {info.id: info for info in registry(ollama).models()}
    assert infos["ollama/qwen3:8b"].state == "ready"
    assert infos["ollama/qwen3:8b"].details["size_bytes"] == 5_200_000_000
    assert infos["ollama/qwen3:8b"].details["thinking"] is True
    assert infos["ollama/qwen3:8b"].details["vram_bytes"] == 3_000_000_000
    assert infos["ollama/qwen2.5:0.5b"].details["loaded"] is False
    assert infos["ollama/bge-m3"].kind == "embedding"
    assert infos["ollama/qwen3:4b"].state == "not_pulled"
    hint = error_text("en", infos["ollama/qwen3:4b"].error).hint
    assert "ollama pull qwen3:4b" in hint


def test_models_of_one_kind(ollama: OllamaServer) -> None:
    assert {info.kind for info in registry(ollama).models("embedding")} == {"embedding"}


def test_unreachable_server_is_a_state() -> None:
    with OllamaServer() as server:
        pass
    infos = [info for info in registry(server).models() if info.provider == "ollama"]
    assert {info.state for info in infos} == {"unreachable"}
    assert {info.kind for info in infos} == {"chat", "embedding"}


# --- embeddings ----------------------------------------------------------------------------------------------


def test_embeddings_are_unit_vectors_in_order_and_batches(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "embed")
    embedder = registry(ollama).embedder("ollama/bge-m3")
    texts = [f"第 {i} 段" for i in range(70)]
    vectors = embedder.embed_documents(texts)
    assert vectors.shape == (70, 1024)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[41], embedder.embed_query(texts[41]))
    bodies = ollama.bodies("/api/embed")
    assert all(body["truncate"] is False and len(body["input"]) <= 32 for body in bodies)
    assert embedder.model_id == "ollama/bge-m3"


def test_no_texts_give_no_vectors(ollama: OllamaServer) -> None:
    assert registry(ollama).embedder("ollama/bge-m3").embed_documents([]).shape == (0, 1024)


def test_text_too_long_to_embed_is_refused_not_cut(ollama: OllamaServer) -> None:
    with pytest.raises(ContextTooLongError):
        registry(ollama).embedder("ollama/bge-m3").embed_documents(["长" * 9000])


def test_changed_dimension_is_noticed(ollama: OllamaServer) -> None:
    embedder = registry(ollama).embedder("ollama/bge-m3")
    assert embedder.dimension == 1024
    ollama.vector_length = 768
    with pytest.raises(BadResponseError):
        embedder.embed_query("问题")


def test_missing_vector_is_noticed(ollama: OllamaServer) -> None:
    ollama.scenario = "embed_short"
    with pytest.raises(BadResponseError):
        registry(ollama).embedder("ollama/bge-m3").embed_documents(["一", "二"])


def test_busy_server_is_tried_again(ollama: OllamaServer, shows: Shows) -> None:
    shows("ollama", "embed_retry")
    embedder = registry(ollama).embedder("ollama/bge-m3")
    assert embedder.dimension == 1024
    ollama.embed_statuses = [503]
    assert embedder.embed_query("问题").shape == (1024,)


def test_embedder_that_is_not_pulled(ollama: OllamaServer) -> None:
    with pytest.raises(NotPulledError):
        _ = registry(ollama).embedder("ollama/nomic-embed-text").dimension


# --- pulling and deleting ------------------------------------------------------------------------------------


def provider(server: OllamaServer) -> OllamaProvider:
    return OllamaProvider(Endpoint(base_url=server.url))


def test_pull_tells_progress_over_all_layers(ollama: OllamaServer) -> None:
    steps = list(provider(ollama).pull("qwen3:4b", Hangup()))
    assert steps[-1] == PullProgress(status="success", done_bytes=2000, total_bytes=2000)
    done = [step.done_bytes for step in steps]
    assert done == sorted(done)
    assert len(set(done)) > 10


def test_pull_of_an_unknown_model(ollama: OllamaServer) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        list(provider(ollama).pull("unknown", Hangup()))
    assert caught.value.code == "model_not_found"


def test_pull_that_breaks_off(ollama: OllamaServer) -> None:
    ollama.scenario = "pull_cut"
    with pytest.raises(InterruptedStreamError):
        list(provider(ollama).pull("qwen3:4b", Hangup()))


def test_pull_is_cancelled_from_another_thread(ollama: OllamaServer) -> None:
    ollama.scenario, ollama.gap_s = "pull_hold", 0.05
    hangup = Hangup()
    steps = iter(provider(ollama).pull("qwen3:4b", hangup))
    next(steps)
    threading.Timer(0.1, hangup.hang_up).start()
    with pytest.raises(ProviderError):
        list(steps)
    assert ollama.client_gone.wait(60)


def test_delete_names_the_model(ollama: OllamaServer) -> None:
    provider(ollama).delete("qwen3:8b")
    assert ollama.bodies("/api/delete") == [{"model": "qwen3:8b"}]


# --- registry ------------------------------------------------------------------------------------------------


def test_unknown_provider() -> None:
    with pytest.raises(ModelNotFoundError):
        Registry({}).chat_model("nobody/model")


def test_provider_without_a_model(ollama: OllamaServer) -> None:
    with pytest.raises(ModelNotFoundError):
        registry(ollama).chat_model("ollama")


def test_a_changed_dimension_is_learnt_anew_without_a_restart(ollama: OllamaServer) -> None:
    embedder = registry(ollama).embedder("ollama/bge-m3")
    assert embedder.dimension == 1024
    ollama.vector_length = 768
    with pytest.raises(BadResponseError):
        embedder.embed_query("问题")
    assert embedder.dimension == 768
    assert embedder.embed_query("问题").shape == (768,)
