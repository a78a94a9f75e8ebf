import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Command

ANSWER_KEYS = ["answer", "status", "sources", "cited", "confidence", "model", "usage", "seconds", "error"]


def test_events_and_the_answer_as_the_last_line(kb: Command, tea: Path) -> None:
    result = kb("ask", "茶", "绿茶用多少度的水冲泡？", "--json")
    assert result.status == 0
    *events, answer = result.records
    kinds = [event["event"] for event in events]
    assert kinds[0] == "retrieved"
    assert kinds[-1] == "finished"
    assert "".join(event["text"] for event in events if event["event"] == "token").startswith("没有使用大语言模型")
    assert list(answer) == ANSWER_KEYS
    assert answer["status"] == "complete"
    assert "八十度" in answer["answer"]
    assert answer["cited"]
    assert list(answer["sources"][0]) == ["marker", "document", "page", "heading", "text", "score"]
    cited = next(source for source in answer["sources"] if source["marker"] == answer["cited"][0])
    assert cited["document"] == "zh/绿茶.md"
    assert (answer["model"], answer["usage"], answer["error"]) == ("quote", None, None)


def test_for_people_the_sources_follow_the_answer(kb: Command, tea: Path) -> None:
    out = kb("ask", "茶", "绿茶用多少度的水冲泡？").out
    assert out.splitlines()[-1].startswith("[1] zh/绿茶.md · 绿茶 > 水温")


def test_nothing_found_is_an_answer_too(kb: Command, tea: Path) -> None:
    result = kb("ask", "茶", "王阳明是谁？", "--json")
    assert result.status == 0
    assert result.records[-1]["status"] == "no_sources"
    assert result.records[-1]["cited"] == []


def test_a_model_that_is_not_there(kb: Command, tea: Path) -> None:
    result = kb("ask", "茶", "绿茶用多少度的水冲泡？", "--model", "ollama/qwen3:8b", "--json")
    assert result.status == 1
    assert result.records[-1]["status"] == "failed"
    assert result.records[-1]["error"]["code"] == "unreachable"
    assert result.records[-2]["event"] == "failed"


def test_an_unknown_model_is_an_error_even_where_nothing_would_be_found(kb: Command, tea: Path) -> None:
    result = kb("ask", "茶", "王阳明是谁？", "--model", "nope/x", "--json")
    assert result.status == 1
    assert [record.get("event") for record in result.records] == ["failed", None]
    assert result.records[-1]["error"]["code"] == "model_not_found"


def test_what_fails_before_the_question_has_the_same_last_line(kb: Command) -> None:
    result = kb("ask", "none", "Anyone there?", "--json")
    assert result.status == 1
    assert list(result.records[-1]) == ANSWER_KEYS
    assert result.records[-1]["error"]["code"] == "unknown_base"


@pytest.mark.parametrize("question", ["", "  "])
def test_an_empty_question_is_wrong_usage(kb: Command, question: str) -> None:
    result = kb("ask", "茶", question)
    assert result.status == 2
    assert result.err == "Ask something: the question is empty.\n"


SLOW_MODEL = """
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if self.path != "/api/chat":
            body = json.dumps({"model_info": {"x.context_length": 8192}, "capabilities": ["completion"]}).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.end_headers()
        for number in range(2000):
            piece = {"model": "slow", "message": {"role": "assistant", "content": f"word{number} "}, "done": False}
            self.wfile.write(json.dumps(piece).encode() + b"\\n")
            self.wfile.flush()
            time.sleep(0.1)
    def log_message(self, *args): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_model_and_keeps_what_came(
    kb: Command, tea: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen([sys.executable, "-c", SLOW_MODEL], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        root = str(Path(__file__).resolve().parents[3])
        command = ["ask", "茶", "绿茶用多少度的水冲泡？", "--model", "ollama/slow"]
        asking = subprocess.Popen(
            [sys.executable, "-m", "kb_app", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": root, "KB_OLLAMA_BASE_URL": address},
        )
        assert asking.stdout is not None
        seen = ""
        while "word3" not in seen:  # it streams: words arrive long before the end
            piece = asking.stdout.read(1)
            assert piece, asking.communicate()
            seen += piece
        asking.send_signal(number)
        out, err = asking.communicate(timeout=120)
        server.kill()
    assert asking.returncode == 1
    assert "Stopped; what had come is kept." in err
    assert "Traceback" not in err
    assert "word1999" not in seen + out
