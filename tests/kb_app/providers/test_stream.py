import itertools
import socket
from types import SimpleNamespace

import pytest

from kb_app.models import Thinking, Token
from kb_app.providers.conversation import ThinkTags
from kb_app.providers.stream import Hangup, escape_separators

TEXT = '{"a": "一\u0085二\u2028三\u2029四–é…"}'
ESCAPED = '{"a": "一\\u0085二\\u2028三\\u2029四–é…"}'


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_separators_are_escaped_wherever_the_bytes_are_cut(size: int) -> None:
    raw = TEXT.encode()
    pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
    assert b"".join(escape_separators(iter(pieces))).decode() == ESCAPED


@pytest.mark.parametrize("tail", [b"\xc2", b"\xe2", b"\xe2\x80"])
def test_bytes_held_back_are_not_lost(tail: bytes) -> None:
    assert b"".join(escape_separators(iter([b"x" + tail]))) == b"x" + tail


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>想</think>\n\n答", "想", "答"),
        ("  \n<think>\n想\n</think>答</think>", "\n想\n", "答</think>"),
        ("答 <think> 是标签", "", "答 <think> 是标签"),
        ("<thin 不是标签", "", "<thin 不是标签"),
        ("<think>没有结束 </thi", "没有结束 </thi", ""),
        ("<think></think>答", "", "答"),
        ("\n答", "", "\n答"),
        ("<", "", "<"),
        ("", "", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_think_tags_wherever_they_are_cut(text: str, thought: str, answer: str, size: int) -> None:
    tags = ThinkTags()
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    events = list(itertools.chain.from_iterable(map(tags.feed, pieces))) + list(tags.flush())
    assert "".join(event.text for event in events if isinstance(event, Thinking)) == thought
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer


@pytest.mark.parametrize("when", ["done", "expired"])
def test_a_connection_that_comes_too_late_is_cut_at_once(when: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        hangup = Hangup()
        setattr(hangup, when, True)
        request = SimpleNamespace(extensions={})
        hangup.watch(request)
        stream = SimpleNamespace(get_extra_info=lambda _name: ours)
        request.extensions["trace"]("connection.connect_tcp.complete", {"return_value": stream})
        theirs.settimeout(1)
        assert theirs.recv(1) == b""
