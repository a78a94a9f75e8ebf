"""Every provider of the OpenAI family against every row of the failure list, over real HTTP."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from protocol_servers.ollama_server import ANSWER, THOUGHT
from protocol_servers.openai_server import KEY, SEPARATORS, OpenAIDialectServer
from pydantic import SecretStr
from waiting import until

from kb_app.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    ContentFilterError,
    ContextTooLongError,
    InterruptedStreamError,
    MissingKeyError,
    ModelNotFoundError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
    UnreachableError,
    error_info,
)
from kb_app.messages import LANGUAGES, error_text
from kb_app.models import ChatMessage, ChatOptions, ChatRequest, Finished, ModelEvent, Thinking, Token, Usage
from kb_app.providers import Registry, build_providers
from kb_app.providers.endpoint import Endpoint

Shows = Callable[[str, str], None]
Speaking = Callable[[str], OpenAIDialectServer]

MODELS = {
    "glm": "glm-4.6",
    "spark": "4.0Ultra",
    "ernie": "ernie-4.5-turbo-128k",
    "openai": "gpt-4o-mini",
    "azure": "my-deployment",
    "deepseek": "deepseek-chat",
    "qwen": "qwen-plus",
    "compatible": "served-model",
}
EMBEDDERS = {
    "glm": ("embedding-3", 1024),
    "ernie": ("bge-large-zh", 1024),
    "openai": ("text-embedding-3-small", 1536),
    "azure": ("my-embedding-deployment", 1536),
    "qwen": ("text-embedding-v4", 1024),
    "compatible": ("bge-small", 384),
}
QUESTION = ChatRequest(
    messages=(ChatMessage(role="system", content="只用资料。"), ChatMessage(role="user", content="质保期多久？"))
)

FAILURES = {
    "wrong_key": (AuthError, ""),
    "no_quota": (QuotaError, ""),
    "rate_limit": (RateLimitError, ""),
    "filter": (ContentFilterError, ""),
    "too_long": (ContextTooLongError, ""),
    "no_model": (ModelNotFoundError, ""),
    "bad_request": (BadRequestError, ""),
    "server": (ServerError, ""),
    "error_in_stream": (ServerError, "质保"),
    "no_end": (InterruptedStreamError, "质保"),
    "drop": (InterruptedStreamError, "质保"),
    "empty_body": (InterruptedStreamError, ""),
    "broken_json": (BadResponseError, "质保"),
    "web_page": (BadResponseError, ""),
}


@pytest.fixture(params=sorted(MODELS))
def family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def server(family: str, speaking: Speaking) -> OpenAIDialectServer:
    return speaking(family)


def endpoint(server: OpenAIDialectServer, **more: object) -> Endpoint:
    return Endpoint(**({"base_url": f"{server.url}/v1", "api_key": SecretStr(KEY)} | more))


def registry(family: str, server: OpenAIDialectServer, **more: object) -> Registry:
    return Registry(build_providers({family: endpoint(server, **more)}))


def stream(family: str, server: OpenAIDialectServer, request: ChatRequest = QUESTION, **more: object):
    return registry(family, server, **more).chat_model(f"{family}/{MODELS[family]}").stream(request)


def text_of(events: list[ModelEvent], kind: type[Token] | type[Thinking] = Token) -> str:
    return "".join(event.text for event in events if isinstance(event, kind))


def failure_of(events_from: Iterator[ModelEvent]) -> tuple[str, ProviderError]:
    events: list[ModelEvent] = []
    with pytest.raises(ProviderError) as caught:  # noqa: PT012 - what came before the failure is wanted
        for event in events_from:
            events.append(event)
    assert not any(isinstance(event, Finished) for event in events)
    return text_of(events), caught.value


# --- answers ---------------------------------------------------------------------------------------------


def test_answer_streams_and_ends_once(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "chat")
    events = list(stream(family, server))
    assert text_of(events) == ANSWER
    assert sum(isinstance(event, Token) for event in events) > 5
    assert events[-2] == Usage(prompt_tokens=84, completion_tokens=len(ANSWER))
    assert events[-1] == Finished(reason="complete")
    assert sum(isinstance(event, Finished) for event in events) == 1
    body = server.requests[-1].body
    assert body["stream"] is True
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    "scenario", ["split", "carriage_returns", "comments", "no_space", "usage_chunks", "slow_start", "drop_after_end"]
)
def test_answer_arrives_whole(family: str, server: OpenAIDialectServer, scenario: str, shows: Shows) -> None:
    shows(family, scenario)
    server.scenario = scenario
    events = list(stream(family, server))
    assert text_of(events) == ANSWER
    assert isinstance(events[-1], Finished)


def test_line_separators_in_the_text(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "separators")
    server.scenario = "separators"
    assert text_of(list(stream(family, server))) == SEPARATORS


def test_very_long_answer(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "long")
    server.scenario = "long"
    assert text_of(list(stream(family, server))) == "很长的回答。" * 5_000


@pytest.mark.parametrize("scenario", ["thinking", "think_tags"])
def test_thinking_is_told_from_the_answer(
    family: str, server: OpenAIDialectServer, scenario: str, shows: Shows
) -> None:
    shows(family, scenario)
    server.scenario = scenario
    events = list(stream(family, server))
    assert text_of(events, Thinking) == THOUGHT
    assert text_of(events) == ANSWER


def test_cut_by_the_length_limit_is_said(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "length")
    server.scenario = "length"
    assert list(stream(family, server))[-1] == Finished(reason="length")


# --- failures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", sorted(FAILURES))
def test_failure_is_typed(family: str, server: OpenAIDialectServer, row: str, shows: Shows) -> None:
    shows(family, row)
    server.scenario = row
    kind, kept = FAILURES[row]
    text, error = failure_of(stream(family, server))
    assert type(error) is kind, str(error)
    assert text == kept
    assert KEY not in str(error)
    assert error.params["provider"] == family
    for language in LANGUAGES:
        sentences = error_text(language, error_info(error))
        assert sentences.message
        assert sentences.hint


def test_rate_limit_says_when_to_try_again(family: str, server: OpenAIDialectServer) -> None:
    server.scenario = "rate_limit"
    _, error = failure_of(stream(family, server))
    assert error.params["retry_after_s"] == (7 if server.dialect.retry_after else 0)
    assert len(server.chats()) == 1  # the SDK repeats nothing by itself


def test_server_down(family: str, shows: Shows) -> None:
    shows(family, "server_down")
    with OpenAIDialectServer(family) as server:
        pass
    _, error = failure_of(stream(family, server))
    assert type(error) is UnreachableError


def test_silent_server_times_out(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "timeout")
    server.scenario = "silent"
    _, error = failure_of(stream(family, server, read_timeout_s=0.1))
    assert type(error) is ProviderTimeoutError


def test_comments_do_not_postpone_the_time_limit(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "kept_alive")
    server.scenario = "kept_alive"
    _, error = failure_of(stream(family, server, read_timeout_s=0.1))
    assert type(error) is ProviderTimeoutError
    assert server.client_gone.wait(60), "the comments were read to their end"


# --- stopping --------------------------------------------------------------------------------------------


def test_close_closes_the_connection(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "stop")
    server.scenario = "endless"
    events = stream(family, server)
    assert isinstance(next(events), Token)
    events.close()
    assert server.client_gone.wait(60)
    assert list(events) == []


@pytest.mark.parametrize("scenario", ["silent", "endless"])
def test_close_from_another_thread(family: str, server: OpenAIDialectServer, scenario: str, shows: Shows) -> None:
    shows(family, "stop_waiting" if scenario == "silent" else "stop")
    server.scenario = scenario
    events = stream(family, server)
    received: list[ModelEvent] = []
    reader = threading.Thread(target=lambda: received.extend(events))
    reader.start()
    until(lambda: received if scenario == "endless" else server.chats())
    events.close()
    reader.join(60)
    assert not reader.is_alive()
    assert server.client_gone.wait(60)
    assert not any(isinstance(event, Finished) for event in received)


# --- listing and keys --------------------------------------------------------------------------------------


def test_listing_is_ready(family: str, server: OpenAIDialectServer, shows: Shows) -> None:
    shows(family, "list")
    infos = registry(family, server, chat_models=(MODELS[family],)).models("chat")
    mine = [info for info in infos if info.provider == family]
    assert [(info.id, info.state) for info in mine] == [(f"{family}/{MODELS[family]}", "ready")]


def test_provider_without_a_key_says_so() -> None:
    providers = build_providers({"deepseek": Endpoint(), "qwen": Endpoint()})
    for name in ("glm", "spark", "ernie", "openai", "deepseek", "qwen"):
        infos = providers[name].models()
        assert {info.state for info in infos} == {"no_key"}
        assert f"KB_{name.upper()}_API_KEY" in error_text("en", infos[0].error).hint
        with pytest.raises(MissingKeyError):
            list(providers[name].chat_model("any").stream(QUESTION))


def test_refused_key_shows_in_the_listing() -> None:
    with OpenAIDialectServer("openai") as server:
        infos = registry("openai", server, api_key=SecretStr("wrong")).models()
    openai = [info for info in infos if info.provider == "openai"]
    assert {(info.state, info.error.code) for info in openai} == {("no_key", "auth")}


def test_local_server_lists_its_models_and_windows() -> None:
    with OpenAIDialectServer("compatible") as server:
        server.needs_key = False
        server.models.append({"id": "bge-small", "object": "model"})
        shelf = Registry(build_providers({"lab": Endpoint(base_url=server.url + "/v1/")}))
        infos = {info.id: info for info in shelf.models() if info.provider == "lab"}
        assert infos["lab/served-model"].kind == "chat"
        assert infos["lab/bge-small"].kind == "embedding"
        assert shelf.chat_model("lab/served-model").context_tokens == 16384
        assert text_of(list(shelf.chat_model("lab/served-model").stream(QUESTION))) == ANSWER


# --- what differs between the clouds -------------------------------------------------------------------------


def sent(family: str, **options: object) -> dict:
    with OpenAIDialectServer(family) as server:
        list(stream(family, server, ChatRequest(messages=QUESTION.messages, options=ChatOptions(**options))))
        return server.requests[-1].body


def test_spark_never_searches_the_web() -> None:
    assert sent("spark")["tools"] == [{"type": "web_search", "web_search": {"enable": False}}]


@pytest.mark.parametrize(
    ("family", "on", "off"),
    [
        ("glm", {"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}}),
        ("qwen", {"enable_thinking": True}, {"enable_thinking": False}),
    ],
)
def test_thinking_is_switched(family: str, on: dict, off: dict) -> None:
    assert on.items() <= sent(family, thinking=True).items()
    assert off.items() <= sent(family, thinking=False).items()
    assert sent(family, thinking=True)["max_tokens"] > sent(family, thinking=False)["max_tokens"]


def test_temperature_stays_in_the_clouds_range() -> None:
    assert sent("ernie", temperature=0)["temperature"] == 0.01
    assert sent("ernie", temperature=1.5)["temperature"] == 1.0
    assert sent("openai", temperature=0)["temperature"] == 0


def test_reasoning_models_of_openai_get_the_fields_they_take() -> None:
    with OpenAIDialectServer("openai") as server:
        list(registry("openai", server).chat_model("openai/gpt-5-mini").stream(QUESTION))
        body = server.requests[-1].body
    assert "temperature" not in body
    assert "max_tokens" not in body
    assert body["max_completion_tokens"] > 1024


def test_azure_sends_its_header_and_version() -> None:
    with OpenAIDialectServer("azure") as server:
        url = f"{server.url}/openai/deployments/my-deployment?api-version=2024-10-21"
        list(stream("azure", server, base_url=url))
        request = server.requests[-1]
    assert request.path == "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
    assert request.headers["api-key"] == KEY


@pytest.mark.parametrize("family", ["openai", "compatible"])
def test_server_that_refuses_stream_options(family: str) -> None:
    with OpenAIDialectServer(family) as server:
        server.scenario = "no_stream_options"
        assert text_of(list(stream(family, server))) == ANSWER


@pytest.mark.parametrize("family", ["glm", "openai", "ernie"])
def test_answer_cut_by_the_filter(family: str) -> None:
    with OpenAIDialectServer(family) as server:
        server.scenario = "filtered_answer"
        assert list(stream(family, server))[-1] == Finished(reason="filtered")


def test_spark_keeps_its_distance() -> None:
    with OpenAIDialectServer("spark") as server:
        chat = registry("spark", server).chat_model("spark/lite")
        started = time.monotonic()
        for _ in range(2):
            list(chat.stream(QUESTION))
        assert time.monotonic() - started >= 0.5


def test_pasted_address_and_key_are_cleaned() -> None:
    with OpenAIDialectServer("openai") as server:
        address = f" {server.url}/v1/chat/completions/ "
        events = list(stream("openai", server, base_url=address, api_key=SecretStr(f" Bearer {KEY}\n")))
    assert text_of(events) == ANSWER


@pytest.mark.parametrize(
    ("model_id", "window"),
    [
        ("glm/glm-4-long", 1_000_000),
        ("glm/glm-4.5-flash", 128_000),
        ("spark/lite", 8192),
        ("ernie/ernie-4.5-turbo-32k", 32_000),
        ("openai/gpt-4o-mini", 128_000),
    ],
)
def test_window_comes_from_the_table(model_id: str, window: int) -> None:
    assert Registry(build_providers({})).chat_model(model_id).context_tokens == window


# --- embeddings ----------------------------------------------------------------------------------------------


@pytest.fixture(params=sorted(EMBEDDERS))
def embedding_family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def embedding_server(embedding_family: str, speaking: Speaking) -> OpenAIDialectServer:
    return speaking(embedding_family)


def test_embeddings_in_order_within_the_batch_limit(
    embedding_family: str, embedding_server: OpenAIDialectServer, shows: Shows
) -> None:
    shows(embedding_family, "embed")
    model, dimension = EMBEDDERS[embedding_family]
    embedder = registry(embedding_family, embedding_server).embedder(f"{embedding_family}/{model}")
    texts = [f"第 {i} 段" for i in range(70)]
    vectors = embedder.embed_documents(texts)
    assert vectors.shape == (70, dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[41], embedder.embed_query(texts[41]), atol=1e-6)
    assert not np.allclose(vectors[41], vectors[42])


def test_missing_vectors_are_noticed(embedding_family: str, embedding_server: OpenAIDialectServer) -> None:
    model, _ = EMBEDDERS[embedding_family]
    embedding_server.embed_scenario = "short"
    with pytest.raises(BadResponseError):
        registry(embedding_family, embedding_server).embedder(f"{embedding_family}/{model}").embed_documents(
            ["一", "二"]
        )


@pytest.mark.parametrize(
    ("row", "kind"), [("wrong_key", AuthError), ("no_quota", QuotaError), ("no_model", ModelNotFoundError)]
)
def test_embedding_failures(
    embedding_family: str, embedding_server: OpenAIDialectServer, row: str, kind: type[ProviderError]
) -> None:
    model, _ = EMBEDDERS[embedding_family]
    embedding_server.embed_scenario = row
    with pytest.raises(kind):
        registry(embedding_family, embedding_server).embedder(f"{embedding_family}/{model}").embed_query("问题")


def test_busy_embedding_server_is_tried_again(
    embedding_family: str, embedding_server: OpenAIDialectServer, shows: Shows
) -> None:
    shows(embedding_family, "embed_retry")
    model, dimension = EMBEDDERS[embedding_family]
    embedding_server.embed_scenario = "server"
    embedder = registry(embedding_family, embedding_server).embedder(f"{embedding_family}/{model}")
    assert embedder.embed_query("问题").shape == (dimension,)


def test_cloud_without_embeddings() -> None:
    with pytest.raises(ModelNotFoundError):
        Registry(build_providers({})).embedder("spark/embedding")
