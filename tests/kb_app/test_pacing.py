"""Turns: one at a time, in order, the urgent first."""

import threading
import time

import pytest

from kb_app.pacing import Turns

_SOON_S = 60.0


def line_up(turns: Turns, names: str) -> list[str]:
    """Let threads queue while a turn is taken, in this order; capital letters are urgent. Return who came when."""
    came: list[str] = []
    threads = []

    def work(name: str) -> None:
        with turns.turn(urgent=name.isupper()):
            came.append(name)

    with turns.turn():
        for name in names:
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            until_waiting(turns, len(threads))
        assert not came
    for thread in threads:
        thread.join(_SOON_S)
    return came


def until_waiting(turns: Turns, count: int) -> None:
    tick = threading.Event()
    while turns.waiting < count:
        tick.wait(0.001)


def test_threads_come_in_order_and_the_urgent_first() -> None:
    assert line_up(Turns(_SOON_S), "aBcD") == ["B", "D", "a", "c"]


def test_a_thread_that_has_its_turn_need_not_wait_for_another() -> None:
    turns = Turns(_SOON_S)
    with turns.turn(), turns.turn():
        pass
    assert line_up(turns, "A") == ["A"]


def test_a_turn_that_ends_with_an_error_is_over() -> None:
    turns = Turns(_SOON_S)
    try:
        with turns.turn():
            raise ValueError
    except ValueError:
        pass
    assert line_up(turns, "A") == ["A"]


def test_nobody_waits_for_ever() -> None:
    turns, came = Turns(0.01), threading.Event()

    def work() -> None:
        with turns.turn():
            came.set()

    with turns.turn():
        thread = threading.Thread(target=work)
        thread.start()
        assert came.wait(_SOON_S)
        thread.join(_SOON_S)
    assert turns.waiting == 0


class _Interrupted(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        raise KeyboardInterrupt


def test_who_is_interrupted_while_waiting_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(longest_wait_s=300)
    inside, release = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn():
            inside.set()
            release.wait(_SOON_S)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(_SOON_S)
    with monkeypatch.context() as patch:
        patch.setattr("kb_app.pacing.threading.Event", _Interrupted)
        with pytest.raises(KeyboardInterrupt), turns.turn():
            pass
    assert turns.waiting == 0
    release.set()
    holder.join(_SOON_S)
    started = time.monotonic()
    with turns.turn():
        assert time.monotonic() - started < _SOON_S
