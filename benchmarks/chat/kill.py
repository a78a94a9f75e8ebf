"""kill -9 while five answers stream, again and again: what of questions and answers is still there.

    python benchmarks/chat/kill.py --data DIR --squad /path/to/cmrc2018_dev.json [--kills 20]

What is measured is how long before the kill the model had sent the first word that the database does not hold.
"""

import argparse
import random
import sqlite3
import time
from pathlib import Path

from session import Session
from world import MODEL, EchoModel, code_of, contexts_of, percentile, prepare_base, questions_of, serve

_TABS = 5
_KEPT_WITHIN_S = 1.0


def saved(data_dir: Path, question: str) -> tuple[bool, str, str]:
    """Return whether the question is saved, and text and status of its answer."""
    with sqlite3.connect(f"file:{data_dir / 'kb.sqlite3'}?mode=ro", uri=True) as connection:
        newest = "SELECT id FROM messages WHERE role='user' AND text = ? ORDER BY created_at DESC LIMIT 1"
        asked = connection.execute(newest, (question,)).fetchone()
        if asked is None:
            return False, "", ""
        query = "SELECT text, status FROM messages WHERE role='assistant' AND parent_id = ?"
        answer = connection.execute(query, asked).fetchone()
    return True, *(answer or ("", "missing"))


def main() -> None:
    """Kill, start again, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    questions = questions_of(arguments.squad)
    prepare_base(arguments.data, contexts_of(arguments.squad))
    chance = random.Random(7)
    lags: list[float] = []
    lost_questions = wrong_states = 0
    with EchoModel(words=2_000, gap_s=0.02) as model:
        for kill in range(arguments.kills):
            server = serve(arguments.data, model)
            tabs = [Session(server.url) for _ in range(_TABS)]
            asked = questions[kill * _TABS : (kill + 1) * _TABS]
            model.sent.clear()
            for tab, question in zip(tabs, asked, strict=True):
                tab.pick_model(MODEL)
                tab.ask(question)
            for tab, question in zip(tabs, asked, strict=True):
                tab.wait_for(f"{code_of(question)}-0 ")
            time.sleep(chance.uniform(0.5, 3.0))
            killed_at = time.time()
            server.kill()
            serve(arguments.data, model).stop()
            for question in asked:
                is_asked, text, status = saved(arguments.data, question)
                missing = model.sent[code_of(question)][len(text.split()) :]
                lags.append(max(0.0, killed_at - missing[0][0]) if missing else 0.0)
                lost_questions += not is_asked
                wrong_states += status != "interrupted"
    late = sum(lag > _KEPT_WITHIN_S for lag in lags)
    print(
        f"{arguments.kills} kills, {len(lags)} answers: questions lost {lost_questions}, not interrupted {wrong_states}"
    )
    print(
        f"text missing before the kill: median {percentile(lags, 0.5):.2f} s, p95 {percentile(lags, 0.95):.2f} s; "
        f"more than {_KEPT_WITHIN_S:.0f} s: {late}"
    )


if __name__ == "__main__":
    main()
