"""What the app adds to a model's stream, against the bare SDK in the same run.

    python benchmarks/models/overhead.py [--provider openai|glm|ollama] [--tokens 2000] [--pace 0 80] [--runs 7]

A server in a process of its own sends the same tokens at a pace (tokens a second; 0: as fast as it can). The bare SDK
reads them in a loop that does nothing; the app answers a question about a base of one document, with everything
it does for a reader: it searches, saves, streams. Rounds alternate. Searching is counted apart. Per token: from the
first token to the end. Printed are medians.
"""

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from kb_app.app import App, build_app
from kb_app.models import Retrieved, Token
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.services.models.keys import ConnectionEntry
from kb_app.settings import load_settings

MODELS = {"openai": "gpt-4o-mini", "glm": "glm-4.6", "ollama": "qwen3:8b"}
KEY = "0123456789abcdef0123456789abcdef.0123456789abcdef"
QUESTION = "At which temperature do bees keep the brood?"
WORDS = ["Bees", "keep", "their", "brood", "at", "35", "degrees", "[1].", "蜂群把巢温保持在三十五度", ""]


class Round(NamedTuple):
    """Seconds: to the first token, for each token after it; the same of the processor; of the search.

    Those of the processor stay what they are on a busy machine; they do count the search.
    """

    first_s: float
    token_s: float
    first_cpu_s: float
    token_cpu_s: float
    search_s: float = 0.0


# --- the server ------------------------------------------------------------------------------------------------


def serve(provider: str, tokens: int, pace: float) -> None:
    """Serve until killed; prints its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    print(listener.getsockname()[1], flush=True)
    body = list(_body(provider, tokens))
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_exchange, args=(connection, provider, body, pace), daemon=True).start()


def _exchange(connection: socket.socket, provider: str, body: list[bytes], pace: float) -> None:
    with connection, contextlib.suppress(OSError):
        _answer(connection, provider, body, pace)


def _answer(connection: socket.socket, provider: str, body: list[bytes], pace: float) -> None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65536)
    head, _, rest = raw.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(rest) < length:
        rest += connection.recv(65536)
    if b"/api/show" in head:
        info = {"capabilities": ["completion"], "model_info": {"general.architecture": "q", "q.context_length": 32768}}
        _whole(connection, json.dumps(info).encode())
        return
    if b"chat" not in head:
        _whole(connection, b'{"object": "list", "data": [], "models": []}')
        return
    kind = b"application/x-ndjson" if provider == "ollama" else b"text/event-stream"
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nConnection: close\r\n\r\n")
    begun = time.perf_counter()
    for number, piece in enumerate(body):
        if pace:
            time.sleep(max(0.0, begun + number / pace - time.perf_counter()))
        connection.sendall(piece)


def _whole(connection: socket.socket, body: bytes) -> None:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + body)


def _body(provider: str, tokens: int) -> Iterator[bytes]:
    usage = {"prompt_tokens": 84, "completion_tokens": tokens, "total_tokens": 84 + tokens}
    for number in range(tokens):
        word = WORDS[number % len(WORDS)] + " "
        if provider == "ollama":
            line = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant"}, "done": False}
            line["message"]["content"] = word
            yield json.dumps(line).encode() + b"\n"
        else:
            yield _event({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
    if provider == "ollama":
        end = {"model": "m", "created_at": "x", "message": {"role": "assistant", "content": ""}, "done": True}
        yield json.dumps(end | {"done_reason": "stop", "prompt_eval_count": 84, "eval_count": tokens}).encode() + b"\n"
        return
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage})
    yield b"data: [DONE]\n\n"


def _event(chunk: dict[str, object]) -> bytes:
    base = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps(base | chunk, ensure_ascii=False)}\n\n".encode()


# --- the two sides -----------------------------------------------------------------------------------------------


def bare(provider: str, url: str) -> Callable[[], Iterator[str]]:
    """Return a function that streams with the SDK alone."""
    messages = [{"role": "user", "content": QUESTION}]
    if provider == "ollama":
        import ollama

        here = ollama.Client(host=url)

        def talk() -> Iterator[str]:
            for part in here.chat(model=MODELS[provider], messages=messages, stream=True):
                yield part.message.content or ""

        return talk
    if provider == "glm":
        from zhipuai import ZhipuAI

        client = ZhipuAI(api_key=KEY, base_url=url)
    else:
        from openai import OpenAI

        client = OpenAI(api_key=KEY, base_url=url)

    def complete() -> Iterator[str]:
        for chunk in client.chat.completions.create(model=MODELS[provider], messages=messages, stream=True):
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""

    return complete


def bare_round(talk: Callable[[], Iterator[str]]) -> Round:
    """Read one answer with the SDK alone."""
    started, start_cpu = time.perf_counter(), time.process_time()
    pieces = iter(talk())
    next(pieces)
    first, cpu = time.perf_counter(), time.process_time()
    count = sum(1 for _ in pieces)
    ended = time.perf_counter()
    return Round(first - started, (ended - first) / count, cpu - start_cpu, (time.process_time() - cpu) / count)


def app_round(app: App, base_id: str, model_id: str, tokens: int) -> Round:
    """Ask one question in the app, with a reader that watches as a page does."""
    started, start_cpu = time.perf_counter(), time.process_time()
    generation = app.answering.ask(AskRequest(question=QUESTION, base_ids=(base_id,), model_id=model_id))
    search_s = first = cpu = 0.0
    for event in generation.events():
        if isinstance(event, Retrieved):
            search_s = event.elapsed_s
        elif isinstance(event, Token):
            first, cpu = time.perf_counter(), time.process_time()
            break
    message = generation.wait()
    ended = time.perf_counter()
    assert message.status == "complete", message
    token_s, token_cpu_s = (ended - first) / tokens, (time.process_time() - cpu) / tokens
    return Round(first - started - search_s, token_s, cpu - start_cpu, token_cpu_s, search_s)


def compare(provider: str, pace: float, *, tokens: int, runs: int, folder: Path) -> str:
    """Return a line of the table."""
    command = [sys.executable, __file__, "--provider", provider, "--tokens", str(tokens), "--serve", str(pace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            with build_app(load_settings(folder), owner=True) as app:
                app.keys.save(provider, ConnectionEntry(base_url=url, api_key=SecretStr(KEY)))
                base = app.library.find("Bees") or app.library.create("Bees")
                text = b"Bees keep their brood at 35 degrees of temperature. " * 20
                app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=text)]))
                talk, model_id = bare(provider, url), f"{provider}/{MODELS[provider]}"
                sides = []
                for _ in range(runs + 1):  # the first one loads the SDK
                    sides.append((bare_round(talk), app_round(app, base.id, model_id, tokens)))
                    time.sleep((tokens / pace if pace else 0.0) + 1.0)  # the model names the conversation meanwhile
                del sides[0]
        finally:
            server.kill()
    alone, through = ([one[side] for one in sides] for side in (0, 1))

    def middle(rounds: list[Round], field: str) -> float:
        return statistics.median(getattr(one, field) for one in rounds)

    token, with_app = middle(alone, "token_s"), middle(through, "token_s")
    return (
        f"| {provider} | {f'{pace:g}/s' if pace else 'full speed'} "
        f"| {middle(alone, 'first_s') * 1e3:.1f} | {middle(through, 'first_s') * 1e3:.1f} "
        f"| {(middle(through, 'first_s') - middle(alone, 'first_s')) * 1e3:+.1f} "
        f"| {token * 1e6:.0f} | {with_app * 1e6:.0f} | {(with_app / token - 1) * 100:+.1f} % "
        f"| {middle(alone, 'first_cpu_s') * 1e3:.1f} | {middle(through, 'first_cpu_s') * 1e3:.1f} "
        f"| {middle(alone, 'token_cpu_s') * 1e6:.0f} | {middle(through, 'token_cpu_s') * 1e6:.0f} "
        f"| {middle(through, 'search_s') * 1e3:.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=sorted(MODELS), nargs="+", default=["openai"])
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--pace", type=float, nargs="+", default=[0.0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve is not None:
        serve(args.provider[0], args.tokens, args.serve)
        return
    print(
        "| SDK | pace | first token, SDK (ms) | app | added | per token, SDK (µs) | app | added "
        "| CPU to the first, SDK (ms) | app | CPU per token, SDK (µs) | app | search (ms) |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for provider in args.provider:
        for pace in args.pace:
            with tempfile.TemporaryDirectory() as folder:
                print(compare(provider, pace, tokens=args.tokens, runs=args.runs, folder=Path(folder)), flush=True)


if __name__ == "__main__":
    main()
