"""Outlook messages, read by the optional extra: refused clearly without it, read quietly and offline with it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from outlook_samples import outlook_message

import ingestion.load.unstructured as extra
from ingestion.errors import DamagedError, ReaderMissingError
from ingestion.load import load
from ingestion.pipeline import prepare_limited

ROOT = Path(__file__).parents[2]
PLAIN = outlook_message(
    subject="关于预算的通知",
    body="各位同事：\r\n\r\n预算推迟到周五，\r\n请互相转告。\r\n\r\n张三",
    headers="From: 张三 <zhang@example.cn>\nDate: Mon, 02 Mar 2026 09:30:00 +0800\n",
    attachment="../预算.xlsx",
)
PAGE = outlook_message(
    subject="会议安排",
    sender="张三",
    html="<html><body><h1>安排</h1><p>周五开会，请准时。</p><ul><li>第一项</li><li>第二项</li></ul>"
    "<table><tr><td>姓名</td><td>分</td></tr><tr><td>张三</td><td>9</td></tr></table></body></html>".encode(),
)
needs_extra = pytest.mark.skipif(not extra.is_unstructured_available(), reason="the extra is not installed")

# Every way out is recorded, because telemetry swallows what it raises.
OFFLINE = """
import json, socket, sys
tried = []
def refuse(*arguments, **named):
    tried.append(repr(arguments))
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse
from ingestion.load import load
found = []
for number, data in enumerate(json.load(sys.stdin)):
    loaded = load(bytes.fromhex(data), f"{number}.msg")
    found.append([loaded.title, [[b.kind, list(b.heading), b.text] for b in loaded.blocks]])
print(json.dumps({"tried": tried, "found": found}))
"""


def test_without_the_extra_the_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extra, "is_unstructured_available", lambda: False)
    with pytest.raises(ReaderMissingError) as caught:
        load(PLAIN, "通知.msg")
    assert extra.REQUIREMENT in str(caught.value.params["command"])
    assert sys.executable in str(caught.value.params["command"])


def test_the_command_installs_what_the_project_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["unstructured"] == [extra.REQUIREMENT]
    assert not any("unstructured" in one for one in project["dependencies"])


@needs_extra
@pytest.mark.slow
def test_it_is_read_quietly_and_offline():
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        input=json.dumps([PLAIN.hex(), PAGE.hex()]),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["tried"] == []
    (title, plain), (_, page) = answer["found"]
    top = ["关于预算的通知"]
    assert title == top[0]
    assert plain == [
        ["heading", top, top[0]],
        [
            "paragraph",
            top,
            "From: 张三 <zhang@example.cn>\nTo: 李四 <li@example.cn>\nDate: Mon, 02 Mar 2026 09:30:00 +0800",
        ],
        ["paragraph", top, "各位同事："],
        ["paragraph", top, "预算推迟到周五，\n请互相转告。"],
        ["paragraph", top, "张三"],
        ["list", top, "- ../预算.xlsx"],
    ]
    inner = ["会议安排", "安排"]
    assert page[2:] == [
        ["heading", inner, "安排"],
        ["paragraph", inner, "周五开会，请准时。"],
        ["list", inner, "- 第一项\n- 第二项"],
        ["table", inner, "姓名 | 分\n张三 | 9"],
    ]


@needs_extra
@pytest.mark.slow
def test_it_fits_into_the_limits_of_a_worker():
    prepared = prepare_limited(PLAIN, "通知.msg")
    assert any("预算推迟到周五" in chunk.text for chunk in prepared.chunks)
    with pytest.raises(DamagedError):
        prepare_limited(PLAIN[:700], "通知.msg")
