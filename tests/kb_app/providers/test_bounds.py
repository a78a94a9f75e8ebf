"""What a model server sends beyond all measure is told as an answer that cannot be understood, and costs no memory."""

import contextlib
import gzip
import itertools
import json

import pytest
from protocol_servers.http_server import ProtocolServer, Reply, json_reply
from pydantic import SecretStr

from kb_app.errors import BadResponseError, ProviderError
from kb_app.models import ChatMessage, ChatRequest, Token
from kb_app.providers.bounds import LONGEST_LINE_BYTES, MOST_BYTES, bounded, unpacked
from kb_app.providers.endpoint import Endpoint
from kb_app.providers.ollama import OllamaProvider
from kb_app.providers.openai_compatible import compatible_provider

OPENAI = b'data: {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
OLLAMA = json.dumps({"message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": "stop"}).encode()
MEGABYTE = bytes(1_000_000)


class Packing(ProtocolServer):
    """Answers every chat with ``body``, packed as ``how`` says."""

    def __init__(self, body, how):
        super().__init__()
        self.body, self.how = body, how

    def answer(self, request):
        if not request.path.endswith(("/chat", "/completions")):
            return json_reply({"model_info": {}, "data": []})
        return Reply(pieces=[self.body], content_type="text/event-stream", headers={"Content-Encoding": self.how})


def openai_model(url):
    return compatible_provider("lab", Endpoint(base_url=f"{url}/v1")).chat_model("m")


def ollama_model(url):
    return OllamaProvider(Endpoint(base_url=url)).chat_model("m")


def answer(make_model, body, how):
    with Packing(body, how) as server:
        events = make_model(server.url).stream(ChatRequest(messages=(ChatMessage(role="user", content="Hello?"),)))
        return "".join(event.text for event in events if isinstance(event, Token))


@pytest.mark.parametrize(("make_model", "body"), [(openai_model, OPENAI), (ollama_model, OLLAMA)])
def test_a_packed_answer_is_read_and_one_packed_twice_is_not(make_model, body):
    packed = gzip.compress(body)
    assert answer(make_model, packed, "gzip") == "Hi"
    for how, sent in (("gzip, gzip", gzip.compress(packed)), ("zstd", packed), ("gzip", body)):
        with pytest.raises(BadResponseError):
            answer(make_model, sent, how)


def test_a_line_and_a_response_have_an_end():
    lines = MEGABYTE[:-1] + b"\n"
    for piece, limit in ((MEGABYTE, LONGEST_LINE_BYTES), (lines, MOST_BYTES)):
        pieces = bounded(itertools.repeat(piece), ValueError)
        assert sum(len(next(pieces)) for _ in range(limit // len(piece))) == limit
        with pytest.raises(ValueError, match="more than"):
            next(pieces)


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(5_000_000))
    pieces = unpacked(iter([bomb]), "gzip", ValueError, 1_000_000)
    assert len(next(pieces)) == 1_000_000
    with pytest.raises(ValueError, match="unpack"):
        next(pieces)


@pytest.mark.parametrize("make_model", [openai_model, ollama_model])
def test_json_nested_beyond_reading_is_told(make_model):
    with pytest.raises(BadResponseError):
        answer(make_model, b"data: " * (make_model is openai_model) + b"[" * 200_000 + b"\n\n", "identity")


class Elsewhere(ProtocolServer):
    """Sends everybody to ``target``."""

    target = ""

    def answer(self, request):
        return Reply(pieces=[b""], status=307, headers={"Location": f"{self.target}{request.path}"})


def test_a_key_does_not_follow_to_another_server():
    with Packing(OPENAI, "identity") as thief, Elsewhere() as server:
        server.target = thief.url.replace("127.0.0.1", "localhost")
        for family in ("azure", "openai"):
            endpoint = Endpoint(base_url=server.url, api_key=SecretStr("sk-canary-0123456789"), family=family)
            model = compatible_provider("lab", endpoint).chat_model("m")
            with contextlib.suppress(ProviderError):
                list(model.stream(ChatRequest(messages=(ChatMessage(role="user", content="Hello?"),))))
        assert server.requests
        assert not any("canary" in value for one in thief.requests for value in one.headers.values())
