"""A server that speaks the OpenAI protocol in the dialect of each cloud, driven by the tables below.

    python tests/protocol_servers/openai_server.py --dialect glm --port 0 --scenario thinking --gap 0.05

prints its address and serves until interrupted; any path that ends in ``/chat/completions``, ``/embeddings`` or
``/models`` is served. The key must be ``KEY``; a scenario says how a chat behaves, or names a row of ``FAILURES``.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from protocol_servers.http_server import ProtocolServer, Received, Reply, json_reply
from protocol_servers.ollama_server import ANSWER, THOUGHT, vector

KEY = "test-key-0123456789"
SEPARATORS = "第一行\u2028第二行\u2029第三行\u0085第四行"
Error = tuple[int, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one cloud speaks. ``failures``: row -> (HTTP status, body)."""

    failures: dict[str, Error]
    data_prefix: str = "data: "
    thought_field: str = "reasoning_content"
    finish: bool = True
    usage: str = "separate"  # "separate" chunk without choices, "finish" chunk, "delta" (the last delta)
    first_chunk: dict[str, Any] | None = None
    comments: bool = False
    retry_after: bool = False
    frame_failure: dict[str, Any] = field(default_factory=lambda: {"error": {"message": "failed", "code": "x"}})
    base: dict[str, Any] = field(default_factory=lambda: {"id": "c-1", "object": "chat.completion.chunk"})
    embed_limit: int = 2048
    vector_length: int = 1536
    listing: bool = True


def _error(code: str | None, message: str = "failed", type_: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": type_, "param": None, "code": code}}


_OPENAI = {
    "wrong_key": (401, _error("invalid_api_key", f"Incorrect API key provided: {KEY[:8]}****")),
    "no_quota": (429, _error("insufficient_quota", "You exceeded your current quota", "insufficient_quota")),
    "rate_limit": (429, _error("rate_limit_exceeded", "Rate limit reached", "requests")),
    "filter": (400, _error("content_policy_violation", "Your request was rejected by the safety system")),
    "too_long": (400, _error("context_length_exceeded", "This model's maximum context length is 8192 tokens.")),
    "no_model": (404, _error("model_not_found", "The model `x` does not exist or you do not have access to it.")),
    "bad_request": (400, _error(None, "Invalid value for 'messages'")),
    "server": (500, _error(None, "The server had an error", "server_error")),
}

DIALECTS = {
    "openai": Dialect(failures=_OPENAI, retry_after=True),
    "azure": Dialect(
        failures=_OPENAI
        | {
            "wrong_key": (401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key"}}),
            "filter": (400, _error("content_filter", "The response was filtered")),
            "no_model": (
                404,
                {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}},
            ),
            "no_quota": (403, _error("insufficient_quota", "Out of quota")),
        },
        first_chunk={"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        retry_after=True,
        listing=False,
    ),
    "glm": Dialect(
        failures={
            "wrong_key": (401, {"error": {"code": "1002", "message": "Authorization Token非法"}}),
            "no_quota": (429, {"error": {"code": "1113", "message": "您的账户已欠费，请充值后重试"}}),
            "rate_limit": (429, {"error": {"code": "1302", "message": "您当前使用该API的并发数过高"}}),
            "filter": (
                400,
                {
                    "contentFilter": [{"level": 1, "role": "user"}],
                    "error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"},
                },
            ),
            "too_long": (400, {"error": {"code": "1261", "message": "Prompt exceeds max length"}}),
            "no_model": (400, {"error": {"code": "1211", "message": "模型不存在，请检查模型代码。"}}),
            "bad_request": (400, {"error": {"code": "1213", "message": "未正常接收到prompt参数。"}}),
            "server": (500, {"error": {"code": "500", "message": "内部错误"}}),
        },
        usage="finish",
        frame_failure={"error": {"code": "1234", "message": "网络错误"}},
        embed_limit=64,
        vector_length=1024,
        listing=False,
    ),
    "spark": Dialect(
        failures={
            "wrong_key": (
                401,
                {"error": {"message": "invalid user", "type": "api_error", "param": None, "code": None}},
            ),
            "no_quota": (403, {"error": {"message": "AppIdNoAuthError: tokens.total not enough", "code": "11200"}}),
            "rate_limit": (429, {"error": {"message": "AppIdQpsOverFlowError", "code": "11202"}}),
            "filter": (200, {"code": 10013, "message": "input content audit failed", "sid": "cha0001"}),
            "too_long": (400, {"error": {"message": "token count exceeded", "code": "10907"}}),
            "no_model": (400, _error("10005", "invalid param model:x (sid: cha0001)")),
            "bad_request": (400, {"error": {"message": "schema check failed", "code": "10163"}}),
            "server": (500, {"error": {"message": "engine busy", "code": "10110"}}),
        },
        data_prefix="data:",
        finish=False,
        usage="delta",
        frame_failure={"code": 10012, "message": "EngineInternalError", "sid": "cha0001"},
        base={"code": 0, "message": "Success", "sid": "cha0001"},
        listing=False,
    ),
    "ernie": Dialect(
        failures={
            "wrong_key": (401, _error("invalid_iam_token", "IAM Certification failed")),
            "no_quota": (403, _error("account_overdue", "account overdue", "access_denied")),
            "rate_limit": (429, _error("rpm_rate_limit_exceeded", "Rate limit reached for RPM", "rate_limit_exceeded")),
            "filter": (403, _error("system_unsafe", "the content of system field is invalid", "unsafe_request")),
            "too_long": (400, _error("tokens_too_long", "Prompt tokens too long")),
            "no_model": (401, _error("invalid_model", "No permission to use the model")),
            "bad_request": (400, _error("invalid_messages", "messages must not be empty")),
            "server": (500, _error("internal_error", "Internal error", "Internal_error")),
        },
        usage="finish",
        base={"id": "as-9ki4hm6kkp", "object": "chat.completion.chunk"},
        embed_limit=16,
        vector_length=1024,
        listing=False,
    ),
    "deepseek": Dialect(
        failures=_OPENAI
        | {
            "wrong_key": (401, _error("invalid_request_error", "Authentication Fails", "authentication_error")),
            "no_quota": (402, _error("invalid_request_error", "Insufficient Balance", "unknown_error")),
            "rate_limit": (429, _error(None, "Too many requests")),
            "no_model": (400, _error("invalid_request_error", "Model Not Exist")),
        },
        comments=True,
        usage="finish",
    ),
    "qwen": Dialect(
        failures=_OPENAI
        | {
            "no_quota": (400, _error("Arrearage", "Access denied, please make sure your account is in good standing.")),
            "filter": (400, _error("data_inspection_failed", "Input data may contain inappropriate content.")),
            "too_long": (400, _error("invalid_parameter_error", "Range of input length should be [1, 30720]")),
            "rate_limit": (429, _error("limit_requests", "You exceeded your current requests list.")),
        },
        embed_limit=10,
        vector_length=1024,
    ),
    "compatible": Dialect(
        failures={
            "wrong_key": (401, {"error": "Unauthorized"}),
            "no_quota": (402, {"error": "Insufficient credits"}),
            "rate_limit": (429, {"object": "error", "message": "Too many requests", "code": 429}),
            "filter": (400, _error("content_filter", "blocked by the gateway")),
            "too_long": (
                400,
                {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
            ),
            "no_model": (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}),
            "bad_request": (400, {"object": "error", "message": "roles must alternate", "code": 400}),
            "server": (500, "<html><body>Bad gateway</body></html>"),
        },
        thought_field="reasoning",
        frame_failure={"error": {"object": "error", "message": "engine died", "type": "InternalServerError"}},
        embed_limit=16,
        vector_length=384,
    ),
}


class OpenAIDialectServer(ProtocolServer):
    """Speaks ``dialect``; ``scenario`` names a method ``chat_…`` or a row of the dialect's failures."""

    def __init__(self, dialect: str = "openai", port: int = 0, scenario: str = "answer", gap_s: float = 0.0) -> None:
        self.dialect = DIALECTS[dialect]
        super().__init__(port)
        self.scenario = scenario
        self.gap_s = gap_s

    def reset(self) -> None:
        """Be as new again."""
        super().reset()
        self.scenario = "answer"
        self.gap_s = 0.0
        self.answer_text = ANSWER
        self.needs_key = True
        self.models = [{"id": "served-model", "object": "model", "max_model_len": 16384}]
        self.embed_scenario = ""

    def chats(self) -> list[Received]:
        """Return the questions that were asked."""
        return [request for request in self.requests if request.path.partition("?")[0].endswith("/chat/completions")]

    def answer(self, request: Received) -> Reply:
        path = request.path.partition("?")[0]
        key = request.headers.get("api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if path == "/scenario":
            self.scenario = request.body["scenario"]
            return json_reply({})
        if self.needs_key and key != KEY:
            return self._failure("wrong_key")
        if path.endswith("/models") and self.dialect.listing:
            return json_reply({"object": "list", "data": self.models})
        if path.endswith("/embeddings"):
            return self._embed(request.body)
        if path.endswith("/chat/completions"):
            return self._chat(request.body)
        return Reply(pieces=[b"<html>Not Found</html>"], status=404, content_type="text/html")

    def _failure(self, row: str) -> Reply:
        status, body = self.dialect.failures[row]
        headers = {"Retry_After": "7"} if row == "rate_limit" and self.dialect.retry_after else {}
        if isinstance(body, str):
            return Reply(pieces=[body.encode()], status=status, content_type="text/html")
        return json_reply(body, status, **headers)

    def _embed(self, body: dict[str, Any]) -> Reply:
        if self.embed_scenario in self.dialect.failures:
            row, self.embed_scenario = self.embed_scenario, ""
            return self._failure(row)
        texts = body["input"]
        if len(texts) > self.dialect.embed_limit or not all(text.strip() for text in texts):
            return self._failure("bad_request")
        if body.get("encoding_format") == "base64":
            return self._failure("bad_request")
        length = body.get("dimensions") or self.dialect.vector_length
        items = [
            {"object": "embedding", "index": index, "embedding": vector(text, length)}
            for index, text in enumerate(texts)
        ]
        if self.embed_scenario == "short":
            items.pop()
        items.reverse()  # the order is in the index only
        usage = {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}
        return json_reply({"object": "list", "model": body["model"], "data": items, "usage": usage})

    def _chat(self, body: dict[str, Any]) -> Reply:
        if any(not message["content"].strip() for message in body["messages"]):
            return self._failure("bad_request")
        if self.scenario in self.dialect.failures:
            return self._failure(self.scenario)
        return getattr(self, f"chat_{self.scenario}")(body)

    # --- scenarios ---------------------------------------------------------------------------------

    def chat_answer(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body), gap_s=self.gap_s)

    def chat_thinking(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body, thought=THOUGHT), gap_s=self.gap_s)

    def chat_think_tags(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body, text=f"<think>{THOUGHT}</think>\n\n{self.answer_text}"))

    def chat_slow_start(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body), delay_s=0.1)

    def chat_silent(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body), delay_s=60)

    def chat_kept_alive(self, body: dict[str, Any]) -> Reply:
        return Reply(pieces=(b": keep-alive\n\n" for _ in range(1000)), content_type="text/event-stream", gap_s=0.02)

    def chat_endless(self, body: dict[str, Any]) -> Reply:
        return self._events((self._delta({"content": "再来 "}) for _ in range(100_000)), gap_s=0.02)

    def chat_split(self, body: dict[str, Any]) -> Reply:
        raw = self._raw(self._talk(body))
        return Reply(pieces=[raw[i : i + 1] for i in range(len(raw))], content_type="text/event-stream")

    def chat_carriage_returns(self, body: dict[str, Any]) -> Reply:
        raw = self._raw(self._talk(body)).replace(b"\n", b"\r\n")
        return Reply(pieces=[raw[i : i + 7] for i in range(0, len(raw), 7)], content_type="text/event-stream")

    def chat_no_space(self, body: dict[str, Any]) -> Reply:
        raw = self._raw(self._talk(body)).replace(b"data: ", b"data:")
        return Reply(pieces=[raw], content_type="text/event-stream")

    def chat_usage_chunks(self, body: dict[str, Any]) -> Reply:
        """Frames without choices at the beginning, in the middle and at the end, as Azure and DashScope send them."""
        nothing = self.dialect.base | {"choices": [], "usage": None}
        talk = list(self._talk(body))
        return self._events([nothing, talk[0], nothing, *talk[1:], nothing])

    def chat_separators(self, body: dict[str, Any]) -> Reply:
        raw = self._raw(self._talk(body, text=SEPARATORS))
        return Reply(pieces=[raw[i : i + 3] for i in range(0, len(raw), 3)], content_type="text/event-stream")

    def chat_long(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body, text="很长的回答。" * 5_000, size=60))

    def chat_comments(self, body: dict[str, Any]) -> Reply:
        pieces = [b": keep-alive\n\n", b"\n", *map(self._encode, self._talk(body)), self._done()]
        return Reply(pieces=pieces, content_type="text/event-stream")

    def chat_error_in_stream(self, body: dict[str, Any]) -> Reply:
        return self._events([self._delta({"content": "质保"}), self.dialect.frame_failure])

    def chat_no_end(self, body: dict[str, Any]) -> Reply:
        pieces = [self._encode(self._delta({"content": "质保"}))]
        return Reply(pieces=pieces, content_type="text/event-stream")

    def chat_empty_body(self, body: dict[str, Any]) -> Reply:
        return Reply(pieces=[], content_type="text/event-stream")

    def chat_drop(self, body: dict[str, Any]) -> Reply:
        pieces = [self._encode(self._delta({"content": "质保"}))]
        return Reply(pieces=pieces, content_type="text/event-stream", gap_s=0.02, ending="drop")

    def chat_drop_after_end(self, body: dict[str, Any]) -> Reply:
        pieces = [self._encode(chunk) for chunk in self._talk(body)]
        return Reply(pieces=pieces, content_type="text/event-stream", gap_s=0.005, ending="drop")

    def chat_broken_json(self, body: dict[str, Any]) -> Reply:
        pieces = [self._encode(self._delta({"content": "质保"})), b'data: {"choices": [{"del\n\n']
        return Reply(pieces=pieces, content_type="text/event-stream")

    def chat_web_page(self, body: dict[str, Any]) -> Reply:
        return Reply(pieces=[b"<!doctype html><title>Welcome</title>"], content_type="text/html")

    def chat_filtered_answer(self, body: dict[str, Any]) -> Reply:
        return self._events(
            self._talk(body, reason="sensitive" if self.dialect.usage == "finish" else "content_filter")
        )

    def chat_length(self, body: dict[str, Any]) -> Reply:
        return self._events(self._talk(body, reason="length"))

    def chat_no_stream_options(self, body: dict[str, Any]) -> Reply:
        if "stream_options" in body:
            return json_reply(_error(None, "Unknown parameter: 'stream_options'"), 400)
        return self.chat_answer(body)

    # --- chunks ------------------------------------------------------------------------------------

    def _talk(
        self, body: dict[str, Any], *, text: str | None = None, thought: str = "", reason: str = "stop", size: int = 4
    ) -> Iterator[dict[str, Any]]:
        spoken = self.answer_text if text is None else text
        if self.dialect.first_chunk:
            yield self.dialect.first_chunk
        yield self._delta({"role": "assistant", "content": ""})
        if thought:
            yield self._delta({self.dialect.thought_field: thought, "content": None})
        for start in range(0, len(spoken), size):
            yield self._delta({"content": spoken[start : start + size]})
        tokens = body.get("max_tokens", 0) if reason == "length" else len(spoken)
        usage = {"prompt_tokens": 84, "completion_tokens": tokens, "total_tokens": 84 + tokens}
        wanted = body.get("stream_options", {}).get("include_usage")
        if self.dialect.usage == "delta":
            yield self._delta({"content": ""}) | {"usage": usage}
            return
        last = self._delta({}, reason)
        if self.dialect.usage == "finish":
            yield last | {"usage": usage}
            return
        yield last
        if wanted:
            yield self.dialect.base | {"choices": [], "usage": usage}

    def _delta(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "delta": delta}
        if self.dialect.finish and (reason or self.dialect.usage == "separate"):
            choice["finish_reason"] = reason
        return self.dialect.base | {"choices": [choice]}

    def _encode(self, chunk: dict[str, Any]) -> bytes:
        return f"{self.dialect.data_prefix}{json.dumps(chunk, ensure_ascii=False)}\n\n".encode()

    def _done(self) -> bytes:
        return f"{self.dialect.data_prefix}[DONE]\n\n".encode()

    def _raw(self, chunks: Iterator[dict[str, Any]]) -> bytes:
        return b"".join(map(self._encode, chunks)) + self._done()

    def _events(self, chunks: Any, **how: Any) -> Reply:
        def pieces() -> Iterator[bytes]:
            if self.dialect.comments:
                yield b": keep-alive\n\n"
            yield from map(self._encode, chunks)
            yield self._done()

        return Reply(pieces=pieces(), content_type="text/event-stream", **how)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="openai")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scenario", default="answer")
    parser.add_argument("--gap", type=float, default=0.05, help="seconds between pieces")
    parser.add_argument("--no-key", action="store_true", help="accept any key")
    args = parser.parse_args()
    server = OpenAIDialectServer(args.dialect, args.port, args.scenario, args.gap)
    server.needs_key = not args.no_key
    sys.stdout.write(f"{server.url}/v1\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
