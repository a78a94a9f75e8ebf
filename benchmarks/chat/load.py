"""Twenty tabs that ask at once: time to the first token, CPU, lost or mixed answers, memory for each session.

python benchmarks/chat/load.py --data DIR --squad /path/to/cmrc2018_dev.json [--sessions 20] [--rounds 3] [--floor]

Every tab has the page open before all ask in the same moment. The CPU of a question is the server's, until every answer
is complete on its page: it says more than a time on a machine that does other work. ``--floor`` measures the least that
Streamlit takes for the same: a page of one question box and one fragment, whose answer is there at once.
"""

import argparse
import os
import re
import statistics
import threading
import time
from pathlib import Path

from session import Session
from world import MODEL, EchoModel, code_of, contexts_of, percentile, prepare_base, questions_of, serve, serve_script

#: The first word of the answer to a question, and its last one without the cursor of a growing text behind it. Earlier
#: answers of the conversation are drawn again, so both name the question. Another's answer shows by its other words.
_FIRST, _LAST = "{code}-0 ", "{code}-59(?! *▍)"


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1000


def cpu_s(pid: int) -> float:
    """Return the CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask_all(sessions: list[Session], questions: list[str]) -> tuple[list[float], list[str]]:
    """Let every tab ask its own question at the same moment; return seconds to first tokens, and what went wrong."""
    seconds: list[float] = []
    wrong: list[str] = []
    start = threading.Barrier(len(sessions))

    def one(number: int, tab: Session) -> None:
        code = code_of(questions[number])
        start.wait()
        begun = time.monotonic()
        tab.ask(questions[number])
        try:
            shown, text = tab.wait_for(_FIRST.format(code=code))
            seconds.append(shown - begun)
            if not re.search(_LAST.format(code=code), text):  # a short answer is drawn at once, and only once
                _, text = tab.wait_for(_LAST.format(code=code))
            if {word for word in text.split() if word.startswith("Q")} != {f"{code}-{word}" for word in range(60)}:
                wrong.append(f"{code}: {text[:80]}")
        except TimeoutError as error:
            wrong.append(f"{code}: {error}")

    threads = [threading.Thread(target=one, args=(number, tab)) for number, tab in enumerate(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, wrong


def one_round(number: int, pid: int, sessions: list[Session], questions: list[str]) -> None:
    """Let all ask once, and print what came of it."""
    before = cpu_s(pid)
    seconds, wrong = ask_all(sessions, questions)
    if not seconds:
        raise SystemExit(f"no answer was drawn: {wrong[:3]}")
    print(
        f"round {number}: {len(seconds)} answers, first token median {statistics.median(seconds):.2f} s, "
        f"p95 {percentile(seconds, 0.95):.2f} s (limit 1.5), {(cpu_s(pid) - before) / len(sessions) * 1000:.0f} ms of "
        f"CPU a question, lost or mixed: {len(wrong)} {wrong[:3]}"
    )


def floor(count: int, questions: list[str]) -> None:
    """Measure and print the same for a page that does nothing."""
    process, url = serve_script(Path(__file__).with_name("floor.py"))
    try:
        sessions = [Session(url) for _ in range(count)]
        for number in range(1, 4):
            one_round(number, process.pid, sessions, questions[number * count :])
        for session in sessions:
            session.close()
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--floor", action="store_true")
    arguments = parser.parse_args()
    if arguments.floor:
        floor(arguments.sessions, questions_of(arguments.squad))
        return
    questions = questions_of(arguments.squad)
    print("passages:", prepare_base(arguments.data, contexts_of(arguments.squad)))
    with EchoModel() as model:
        server = serve(arguments.data, model)
        try:
            assert server.process is not None
            first = Session(server.url)
            first.pick_model(MODEL)
            before = memory_mb(server.process.pid)
            sessions = [Session(server.url) for _ in range(arguments.sessions)]
            opened = memory_mb(server.process.pid)
            for session in sessions:
                session.pick_model(MODEL)
            for number in range(1, arguments.rounds + 1):
                one_round(number, server.process.pid, sessions, questions[number * arguments.sessions :])
            after = memory_mb(server.process.pid)
            each = len(sessions)
            print(f"memory: {before:.0f} MB, {(opened - before) / each:.2f} MB a session when opened,")
            print(f"        {(after - before) / each:.2f} MB a session after {arguments.rounds} answers each")
            for session in [first, *sessions]:
                session.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
