import numpy as np
import pytest

from kb_app.errors import ConfigurationError, ModelNotFoundError, ServerError
from kb_app.models import ChatMessage, ChatRequest, Finished, Thinking, Token, Usage
from kb_app.providers import Registry
from kb_app.providers.langchain_bridge import ClassSpec, LangChainProvider

FAKES = "langchain_core.language_models.fake_chat_models"
QUESTION = ChatRequest(
    messages=(ChatMessage(role="system", content="只用资料。"), ChatMessage(role="user", content="质保期多久？"))
)


def registry(**chat: ClassSpec) -> Registry:
    embeddings = {
        "hash": ClassSpec(path="langchain_core.embeddings:DeterministicFakeEmbedding", arguments={"size": 48})
    }
    return Registry({"langchain": LangChainProvider(chat, embeddings)})


def test_langchain_chat_model_streams() -> None:
    spec = ClassSpec(path=f"{FAKES}:FakeListChatModel", arguments={"responses": ["质保期是两年 [1]。"]})
    model = registry(fake=spec).chat_model("langchain/fake")
    events = list(model.stream(QUESTION))
    tokens = [event.text for event in events if isinstance(event, Token)]
    assert "".join(tokens) == "质保期是两年 [1]。"
    assert len(tokens) > 5
    assert events[-1] == Finished(reason="complete")
    assert model.model_id == "langchain/fake"


def test_reasoning_usage_and_length_are_passed_on() -> None:
    from langchain_core.messages import AIMessageChunk

    from kb_app.providers.langchain_bridge import LangChainChatModel

    class Model:
        def stream(self, messages: list[dict[str, str]]) -> object:
            assert [message["role"] for message in messages] == ["system", "user"]
            yield AIMessageChunk(content="", additional_kwargs={"reasoning_content": "先想"})
            yield AIMessageChunk(content=[{"type": "text", "text": "答"}])
            yield AIMessageChunk(
                content="",
                response_metadata={"finish_reason": "length"},
                usage_metadata={"input_tokens": 7, "output_tokens": 1, "total_tokens": 8},
            )

    events = list(LangChainChatModel(Model(), "m", 4096).stream(QUESTION))
    assert events == [
        Thinking(text="先想"),
        Token(text="答"),
        Usage(prompt_tokens=7, completion_tokens=1),
        Finished(reason="length"),
    ]


def test_failing_class_is_a_provider_error_after_what_came() -> None:
    spec = ClassSpec(path=f"{FAKES}:FakeListChatModel", arguments={"responses": ["质保期"], "error_on_chunk_number": 2})
    stream = registry(bad=spec).chat_model("langchain/bad").stream(QUESTION)
    assert [next(stream), next(stream)] == [Token(text="质"), Token(text="保")]
    with pytest.raises(ServerError):
        next(stream)


def test_closed_stream_ends() -> None:
    spec = ClassSpec(path=f"{FAKES}:FakeListChatModel", arguments={"responses": ["很长的回答"]})
    stream = registry(fake=spec).chat_model("langchain/fake").stream(QUESTION)
    next(stream)
    stream.close()
    assert list(stream) == []


def test_langchain_embeddings_are_normalised() -> None:
    embedder = registry().embedder("langchain/hash")
    vectors = embedder.embed_documents([f"第 {i} 段" for i in range(40)])
    assert vectors.shape == (40, 48)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(embedder.embed_query("第 3 段"), vectors[3], atol=1e-6)


@pytest.mark.parametrize("path", ["no.such.module:Class", f"{FAKES}:NoSuchClass", f"{FAKES}:FakeListChatModel"])
def test_wrong_class_is_a_state_and_a_configuration_error(path: str) -> None:
    shelf = registry(bad=ClassSpec(path=path))
    states = {info.id: info for info in shelf.models()}
    assert states["langchain/bad"].state == "unreachable"
    assert states["langchain/bad"].error.code == "configuration"
    assert states["langchain/hash"].state == "ready"
    with pytest.raises(ConfigurationError):
        shelf.chat_model("langchain/bad")


def test_unknown_name() -> None:
    with pytest.raises(ModelNotFoundError):
        registry().chat_model("langchain/none")
