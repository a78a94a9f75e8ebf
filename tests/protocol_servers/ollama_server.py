"""A server that speaks Ollama's protocol: models, chat, embeddings, pull.

    python tests/protocol_servers/ollama_server.py --port 0 --scenario thinking --gap 0.05

prints its address and serves until interrupted. The scenario says how ``/api/chat`` behaves; ``/scenario``
(POST {"scenario": ...}) changes it while it runs.
"""

import argparse
import hashlib
import json
import random
import sys
import threading
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from protocol_servers.http_server import ProtocolServer, Received, Reply, json_reply

ANSWER = "资料说：质保期是两年 [1]。The warranty lasts two years [1]."
THOUGHT = "先看资料，再回答。"
EMBEDDING_LENGTH = 1024

MODELS: dict[str, dict[str, Any]] = {
    "qwen3:8b": {
        "capabilities": ["completion", "tools", "thinking"],
        "family": "qwen3",
        "window": 40960,
        "size": 5_200_000_000,
    },
    "qwen2.5:0.5b": {"capabilities": ["completion", "tools"], "family": "qwen2", "window": 4096, "size": 400_000_000},
    "gpt-oss:20b": {
        "capabilities": ["completion", "thinking"],
        "family": "gptoss",
        "window": 131072,
        "size": 13_800_000_000,
    },
    "bge-m3:latest": {"capabilities": ["embedding"], "family": "bert", "window": 8192, "size": 1_200_000_000},
}


class OllamaServer(ProtocolServer):
    """``scenario`` names a method ``chat_…``; ``answer_text`` and ``gap_s`` shape the ordinary answer."""

    def __init__(self, port: int = 0, scenario: str = "answer", answer_text: str = ANSWER, gap_s: float = 0.0) -> None:
        super().__init__(port)
        self.scenario = scenario
        self.answer_text = answer_text
        self.gap_s = gap_s

    def reset(self) -> None:
        """Be as new again."""
        super().reset()
        self.scenario = "answer"
        self.answer_text = ANSWER
        self.gap_s = 0.0
        self.piece_size = 4
        self.release = threading.Event()
        self.delay_s = 1.0
        self.prompt_tokens: int | None = None
        self.vector_length = EMBEDDING_LENGTH
        self.embed_statuses: list[int] = []

    def answer(self, request: Received) -> Reply:
        routes = {
            "/": lambda _: Reply(pieces=[b"Ollama is running"], content_type="text/plain"),
            "/api/version": lambda _: json_reply({"version": "0.33.0"}),
            "/api/tags": lambda _: json_reply({"models": [_listed(name) for name in MODELS]}),
            "/api/ps": lambda _: json_reply({"models": [_loaded("qwen3:8b")]}),
            "/api/show": self._show,
            "/api/chat": self._chat,
            "/api/embed": self._embed,
            "/api/pull": self._pull,
            "/api/delete": lambda _: json_reply({}),
            "/scenario": self._set_scenario,
        }
        route = routes.get(request.path)
        return route(request.body or {}) if route else json_reply({"error": "page not found"}, 404)

    def _set_scenario(self, body: dict[str, Any]) -> Reply:
        self.scenario = body["scenario"]
        return json_reply({})

    def _show(self, body: dict[str, Any]) -> Reply:
        facts = _facts(body["model"])
        if facts is None:
            return json_reply({"error": f"model '{body['model']}' not found"}, 404)
        return json_reply(
            {
                "capabilities": facts["capabilities"],
                "details": _details(facts),
                "model_info": {
                    "general.architecture": facts["family"],
                    f"{facts['family']}.context_length": facts["window"],
                },
            }
        )

    def _embed(self, body: dict[str, Any]) -> Reply:
        if self.embed_statuses:
            status = self.embed_statuses.pop(0)
            return json_reply({"error": "server busy, please try again"}, status)
        facts = _facts(body["model"])
        if facts is None:
            return json_reply({"error": f"model '{body['model']}' not found"}, 404)
        if "embedding" not in facts["capabilities"]:
            return json_reply({"error": "this model does not support embeddings"}, 501)
        if max(map(len, body["input"])) > facts["window"] and body.get("truncate") is False:
            return json_reply({"error": "the input length exceeds the context length"}, 400)
        vectors = [vector(text, self.vector_length) for text in body["input"]]
        if self.scenario == "embed_short":
            vectors = vectors[:-1]
        return json_reply({"model": body["model"], "embeddings": vectors, "prompt_eval_count": 12})

    def _pull(self, body: dict[str, Any]) -> Reply:
        if "unknown" in body["model"]:
            return _lines([{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}])
        total = 1000
        layers = [
            {"status": f"pulling {digest}", "digest": f"sha256:{digest}", "total": total, "completed": done}
            for digest in ("2bad", "66b9")
            for done in range(0, total + 1, 100)
        ]
        if self.scenario == "pull_cut":
            return _lines(layers[:5])
        if self.scenario == "pull_hold":  # stays at 300 bytes for as long as anyone listens
            return _lines(chain([{"status": "pulling manifest"}], layers[:3], repeat(layers[3])), gap_s=self.gap_s)
        steps = [{"status": "pulling manifest"}, *layers, {"status": "verifying sha256 digest"}, {"status": "success"}]
        return _lines(steps, gap_s=self.gap_s)

    def _chat(self, body: dict[str, Any]) -> Reply:
        facts = _facts(body["model"])
        if facts is None:
            return json_reply({"error": f"model '{body['model']}' not found"}, 404)
        if body.get("think") and "thinking" not in facts["capabilities"]:
            return json_reply({"error": f'"{body["model"]}" does not support thinking'}, 400)
        scenario = getattr(self, f"chat_{self.scenario}", None) or self.chat_answer
        return scenario(body)

    # --- scenarios -------------------------------------------------------------------------------

    def chat_answer(self, body: dict[str, Any]) -> Reply:
        thoughts = [THOUGHT] if body.get("think") is True else []
        return _lines(self._talk(body, thoughts=thoughts), gap_s=self.gap_s)

    def chat_thinking(self, body: dict[str, Any]) -> Reply:
        return _lines(self._talk(body, thoughts=list(_pieces(THOUGHT))), gap_s=self.gap_s)

    def chat_think_tags(self, body: dict[str, Any]) -> Reply:
        return _lines(self._talk(body, text=f"<think>\n{THOUGHT}\n</think>\n\n{self.answer_text}", size=3))

    def chat_slow_start(self, body: dict[str, Any]) -> Reply:
        return _lines(self._talk(body), delay_s=self.delay_s, gap_s=self.gap_s)

    def chat_silent(self, body: dict[str, Any]) -> Reply:
        return _lines(self._talk(body), delay_s=60)

    def chat_held(self, body: dict[str, Any]) -> Reply:
        """Say the answer, then nothing until ``release`` is set, then the end."""

        def talk() -> Iterator[dict[str, Any]]:
            spoken = list(self._talk(body))
            yield from spoken[:-1]
            self.release.wait(250)
            yield _part(body, " THE END")
            yield spoken[-1]

        return _lines(talk())

    def chat_held_start(self, body: dict[str, Any]) -> Reply:
        """Say nothing until ``release`` is set."""
        self.release.wait(250)
        return self.chat_answer(body)

    def chat_endless(self, body: dict[str, Any]) -> Reply:
        return _lines((_part(body, "再来 ") for _ in range(100_000)), gap_s=0.02)

    def chat_split(self, body: dict[str, Any]) -> Reply:
        raw = b"".join(_encode(line) for line in self._talk(body))
        return Reply(pieces=[raw[i : i + 1] for i in range(len(raw))], content_type="application/x-ndjson")

    def chat_error_in_stream(self, body: dict[str, Any]) -> Reply:
        return _lines([_part(body, "质保"), {"error": "llama runner process has terminated: exit status 2"}])

    def chat_no_end(self, body: dict[str, Any]) -> Reply:
        return _lines([_part(body, "质保"), _part(body, "期是")])

    def chat_empty_body(self, body: dict[str, Any]) -> Reply:
        return _lines([])

    def chat_drop(self, body: dict[str, Any]) -> Reply:
        return _lines([_part(body, "质保"), _part(body, "期是")], gap_s=0.02, ending="drop")

    def chat_rate_limit(self, body: dict[str, Any]) -> Reply:
        return json_reply({"error": "server busy, please try again.  maximum pending requests exceeded"}, 503)

    def chat_server(self, body: dict[str, Any]) -> Reply:
        return json_reply({"error": "llama runner process has terminated: signal: killed"}, 500)

    def chat_memory(self, body: dict[str, Any]) -> Reply:
        text = "model requires more system memory (14.2 GiB) than is available (7.8 GiB)"
        return json_reply({"error": text}, 500)

    def chat_too_long(self, body: dict[str, Any]) -> Reply:
        text = "the prompt is longer than the context length currently available to the model; try again"
        return json_reply({"error": text}, 400)

    def chat_broken_json(self, body: dict[str, Any]) -> Reply:
        return Reply(pieces=[_encode(_part(body, "质保")), b'{"model": "x", "mess\n'])

    def chat_wrong_json(self, body: dict[str, Any]) -> Reply:
        return Reply(pieces=[_encode(_part(body, "质保")), b"[1, 2]\n"])

    def chat_web_page(self, body: dict[str, Any]) -> Reply:
        return Reply(pieces=[b"<!doctype html><title>Welcome</title>\n"], content_type="text/html")

    def chat_separators(self, body: dict[str, Any]) -> Reply:
        text = "第一行\u2028第二行\u2029第三行\u0085第四行"
        raw = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in self._talk(body, text=text))
        return Reply(pieces=[raw[i : i + 3] for i in range(0, len(raw), 3)])

    def chat_long(self, body: dict[str, Any]) -> Reply:
        return _lines(self._talk(body, text=("很长的回答。" * 20_000), size=60))

    def chat_length(self, body: dict[str, Any]) -> Reply:
        return _lines(self._talk(body, reason="length"))

    def chat_load(self, body: dict[str, Any]) -> Reply:
        return _lines([_part(body, "") | {"done": True, "done_reason": "load"}])

    def _talk(
        self,
        body: dict[str, Any],
        *,
        text: str | None = None,
        thoughts: list[str] | None = None,
        reason: str = "stop",
        size: int = 0,
    ) -> Iterator[dict[str, Any]]:
        for thought in thoughts or []:
            yield _part(body, "", thinking=thought)
        spoken = self.answer_text if text is None else text
        for piece in _pieces(spoken, size or self.piece_size):
            yield _part(body, piece)
        asked = sum(len(message["content"]) for message in body["messages"])
        yield _part(body, "") | {
            "done": True,
            "done_reason": reason,
            "total_duration": 4_353_619_900,
            "prompt_eval_count": self.prompt_tokens if self.prompt_tokens is not None else asked,
            "eval_count": len(spoken),
            "eval_duration": 4_032_296_000,
        }


def vector(text: str, length: int) -> list[float]:
    """Return a vector made from the text's hash; not of unit length, so that callers must normalise."""
    numbers = random.Random(text)
    return [numbers.uniform(-1, 1) for _ in range(length)]


def _facts(model: str) -> dict[str, Any] | None:
    return MODELS.get(model if ":" in model else f"{model}:latest")


def _details(facts: dict[str, Any]) -> dict[str, Any]:
    return {"family": facts["family"], "parameter_size": "8.2B", "quantization_level": "Q4_K_M", "format": "gguf"}


def _listed(name: str) -> dict[str, Any]:
    facts = MODELS[name]
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "model": name, "size": facts["size"], "digest": digest, "details": _details(facts)}


def _loaded(name: str) -> dict[str, Any]:
    return _listed(name) | {"size_vram": 3_000_000_000, "expires_at": "2030-01-01T00:00:00Z", "context_length": 8192}


def _part(body: dict[str, Any], content: str, thinking: str = "") -> dict[str, Any]:
    message = {"role": "assistant", "content": content} | ({"thinking": thinking} if thinking else {})
    return {"model": body["model"], "created_at": "2026-08-21T10:15:24.097767Z", "message": message, "done": False}


def _pieces(text: str, size: int = 4) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


def _encode(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _lines(lines: Any, **how: Any) -> Reply:
    return Reply(pieces=map(_encode, lines), content_type="application/x-ndjson", **how)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--scenario", default="answer")
    parser.add_argument("--answer", default=ANSWER)
    parser.add_argument("--gap", type=float, default=0.05, help="seconds between pieces")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds before the first byte of slow_start")
    args = parser.parse_args()
    server = OllamaServer(args.port, args.scenario, args.answer, args.gap)
    server.delay_s = args.delay
    sys.stdout.write(server.url + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
