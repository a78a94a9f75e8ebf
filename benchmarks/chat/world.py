"""What the chat benchmarks share: a base of 10,000 passages, a model that answers at once, and the running app."""

import json
import shutil
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT)]

from kb_server import Server, free_port, wait_until_healthy  # noqa: E402 - found on the path above

MODEL = "bench/echo"


@dataclass
class EchoModel:
    """An OpenAI server whose answer names the code of the question, so that mixed answers are seen.

    ``words`` pieces are sent ``gap_s`` apart; ``sent`` keeps for each code what was sent and when.
    """

    words: int = 60
    gap_s: float = 0.0
    sent: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def __enter__(self) -> "EchoModel":
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                self._reply(json.dumps({"object": "list", "data": [{"id": "echo", "object": "model"}]}).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                try:
                    for piece in model.pieces(body["messages"][-1]["content"]):
                        self.wfile.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
                        self.wfile.flush()
                    self.wfile.write(b"data: [DONE]\n\n")
                except OSError:  # the app was killed
                    pass
                self.close_connection = True

            def _reply(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()

    @property
    def url(self) -> str:
        """The base address of the model's API."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def pieces(self, question: str) -> Iterator[dict[str, object]]:
        """Yield the chunks of the answer to a question."""
        code = code_of(question)
        log = self.sent.setdefault(code, [])
        for number in range(self.words):
            text = f"{code}-{number} "
            log.append((time.time(), text))
            yield _chunk({"content": text}, None)
            if self.gap_s:
                time.sleep(self.gap_s)
        yield _chunk({}, "stop")


def _chunk(delta: dict[str, str], reason: str | None) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "echo", "choices": [choice]}


def prepare_base(data_dir: Path, contexts: list[str], passages: int = 10_000) -> int:
    """Make a base of about ``passages`` passages once; return how many it has."""
    marker = data_dir / "passages.txt"
    if marker.exists():
        return int(marker.read_text())
    folder = data_dir.with_name(f"{data_dir.name}-files")
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    while written < passages:
        for context in contexts:
            number = written
            (folder / f"{number // 40:04}.md").open("a", encoding="utf-8").write(f"# Section {number}\n\n{context}\n\n")
            written += max(1, len(context) // 280)
            if written >= passages:
                break
    run = [sys.executable, "-m", "kb_app", "--data-dir", str(data_dir)]
    subprocess.run([*run, "ingest", "Bench", str(folder)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    listed = subprocess.run([*run, "kb", "list", "--json"], check=True, cwd=ROOT, capture_output=True, text=True)
    shutil.rmtree(folder)
    count = sum(json.loads(line).get("chunks", 0) for line in listed.stdout.splitlines() if line.startswith("{"))
    marker.write_text(str(count))
    return count


def code_of(question: str) -> str:
    """Return the word by which the answer to a question is known."""
    return f"Q{zlib.crc32(question.strip().encode()):08x}"


def questions_of(squad: Path) -> list[str]:
    """Return questions that the base answers: sentences that stand in it, once each."""
    sentences = (context.replace("，", "。").split("。")[0].strip() for context in contexts_of(squad))
    return list(dict.fromkeys(one for one in sentences if 12 < len(one) < 60))


def contexts_of(squad: Path) -> list[str]:
    """Return the passages of a SQuAD-style file."""
    articles = json.loads(squad.read_text(encoding="utf-8"))["data"]
    return [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]


def serve(data_dir: Path, model: EchoModel) -> Server:
    """Return the running app, whose one model is ``model``."""
    settings = f'[servers.bench]\nbase_url = "{model.url}"\nchat_models = ["echo"]\n'
    (data_dir / "kb.toml").write_text(settings, encoding="utf-8")
    return Server(data_dir=data_dir, environment={"KB_OLLAMA_BASE_URL": "http://127.0.0.1:9"}).start()


def serve_script(script: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Return Streamlit's own server running one script, and its address."""
    port = free_port()
    run = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.headless=true"]
    options = ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    process = subprocess.Popen([*run, *options], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_until_healthy(f"{url}/_stcore/health", process)
    return process, url


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
