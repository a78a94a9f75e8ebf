"""How fast the history is with many conversations: list, open, search, switch, write, and the pages themselves.

python -m benchmarks.chat.history [--conversations 1000] [--messages 20] [--longest 500] [--repeat 30]

The conversations are made up with a fixed seed: words from a Zipf-like vocabulary, half Chinese, half English; every
answer has eight sources of about 600 characters. Prints one JSON object: milliseconds, median, 95th percentile and
processor time.
"""

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from kb_app.app import App, build_app
from kb_app.models import Conversation, ConversationFilter, Message, NewTurn, Source
from kb_app.settings import load_settings
from kb_app.storage.conversation_imports import ConversationImports
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.database import DATABASE_FILE, Database
from kb_app.ui.runtime import use_app

ROOT = Path(__file__).resolve().parents[2]
SOURCES, SOURCE_CHARS, ANSWER_CHARS = 8, 600, 500
START = datetime(2026, 1, 1, tzinfo=UTC)
RARE = "zirconium 锆石"


class Speaker:
    """Makes up text."""

    def __init__(self, seed: int = 7) -> None:
        """Choose the words."""
        self.random = random.Random(seed)
        syllables = ["ka", "ro", "ti", "men", "dis", "ler", "pro", "son", "vi", "tal", "ne", "gra"]
        english = ["".join(self.random.choices(syllables, k=self.random.randint(2, 4))) for _ in range(4000)]
        chinese = ["".join(chr(self.random.randint(0x4E00, 0x56FF)) for _ in range(2)) for _ in range(4000)]
        self.words = [word for pair in zip(english, chinese, strict=True) for word in pair]
        self.weights = [1 / rank for rank in range(1, len(self.words) + 1)]

    def text(self, chars: int) -> str:
        """Return about ``chars`` characters."""
        return " ".join(self.random.choices(self.words, self.weights, k=chars // 5))

    def id(self) -> str:
        """Return an id as the app makes them."""
        return uuid.UUID(int=self.random.getrandbits(128)).hex


def conversation(speaker: Speaker, number: int, message_count: int) -> tuple[Conversation, list[Message]]:
    """Return a conversation of ``message_count`` messages; every tenth question has a second version."""
    conversation_id = speaker.id()
    time_of = (START + timedelta(hours=number)).isoformat(timespec="microseconds")
    messages: list[Message] = []
    parent_id = ""
    for place in range(message_count // 2):
        for _ in range(2 if place % 10 == 9 else 1):
            asked = Message(
                id=speaker.id(), conversation_id=conversation_id, role="user", text=speaker.text(60),
                created_at=time_of, parent_id=parent_id,
            )  # fmt: skip
            answer = Message(
                id=speaker.id(), conversation_id=conversation_id, role="assistant", text=speaker.text(ANSWER_CHARS),
                created_at=time_of, parent_id=asked.id, sources=tuple(sources(speaker)), cited=(1, 2), model_id="quote",
            )  # fmt: skip
            messages += [asked, answer]
        parent_id = answer.id
    if number % 100 == 50:
        messages[0] = replace(messages[0], text=f"{messages[0].text} {RARE}")
    about = Conversation(
        id=conversation_id, title=messages[0].text[:60], base_ids=(), model_id="quote", created_at=time_of,
        updated_at=time_of, tags=("tag",) if number % 5 == 0 else (), leaf_id=messages[-1].id,
    )  # fmt: skip
    return about, messages


def sources(speaker: Speaker) -> Iterator[Source]:
    """Yield the sources of one answer."""
    text = speaker.text(SOURCE_CHARS)
    for marker in range(1, SOURCES + 1):
        yield Source(
            marker=marker, base_id="b", document_id="d", document="handbook.pdf", chunk_id=f"d:{marker}", text=text,
            score=0.5, page=marker,
        )  # fmt: skip


def measured(action: Callable[[], object], repeat: int) -> dict[str, float]:
    """Return median and 95th percentile of ``repeat`` runs, in milliseconds, after one that does not count.

    ``cpu`` is the median of the processor time they took: on a busy machine the one that can be compared.
    """
    action()
    walls, cpus = [], []
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    walls.sort()
    cpus.sort()
    return {
        "p50": round(walls[repeat // 2], 1),
        "p95": round(walls[int(0.95 * (repeat - 1))], 1),
        "cpu": round(cpus[repeat // 2], 1),
    }


def services(app: App, repository: ConversationRepository, ids: Sequence[str], repeat: int) -> dict[str, object]:
    """Measure what the pages ask for; the last of ``ids`` is the longest conversation."""
    history = app.history
    longest, path = ids[-1], repository.messages(ids[-1])
    place = iter(range(10**9))
    versions = next(iter(history.view(longest, 600).siblings.values()))
    words = path[1].text.split()

    def write() -> None:
        new = NewTurn(conversation_id=longest, question=path[0].text, title="", base_ids=(), model_id="quote")
        repository.start_turn(new)

    actions: dict[str, Callable[[], object]] = {
        "list_first_12": lambda: history.conversations(13),
        "list_with_tag": lambda: history.conversations(21, where=ConversationFilter(tag="tag")),
        "open_short": lambda: history.view(ids[next(place) % (len(ids) - 1)], 20),
        "open_longest": lambda: history.view(longest, 20),
        "open_at_message": lambda: history.view(longest, 20, around=path[len(path) // 2].id),
        "switch_branch": lambda: history.show(versions[next(place) % 2]),
        "search_rare": lambda: history.search(RARE, 21),
        "search_common": lambda: history.search(words[0], 21),
        "search_two_words": lambda: history.search(" ".join(words[:2]), 21),
        "search_nothing": lambda: history.search("nowhere", 21),
        "write_question": write,
    }
    return {name: measured(action, repeat) for name, action in actions.items()}


def page_runs(ids: Sequence[str], repeat: int) -> dict[str, object]:
    """Measure whole runs of the pages' scripts, without a browser."""

    def run(page: str, **query: str) -> Callable[[], object]:
        test = AppTest.from_file(str(ROOT / "kb_app/ui/main.py"), default_timeout=60)
        for name, value in {"lang": "en", **query}.items():
            test.query_params[name] = value
        test.run()
        if page != "chat":
            test.switch_page(str(ROOT / f"pages/{page}.py"))
        return test.run

    return {
        "page_chat_short": measured(run("chat", chat=ids[0]), repeat),
        "page_chat_longest": measured(run("chat", chat=ids[-1]), repeat),
        "page_conversations": measured(run("history"), repeat),
    }


def main() -> int:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--conversations", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=20)
    parser.add_argument("--longest", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=30)
    options = parser.parse_args()
    os.environ["KB_OLLAMA_BASE_URL"] = "http://127.0.0.1:9"
    speaker = Speaker()
    with tempfile.TemporaryDirectory() as folder, build_app(load_settings(Path(folder)), owner=True) as app:
        database = Database(Path(folder) / DATABASE_FILE)
        imports, ids = ConversationImports(database), []
        started, started_cpu = time.perf_counter(), time.process_time()
        for number in range(options.conversations):
            is_last = number == options.conversations - 1
            about, messages = conversation(speaker, number, options.longest if is_last else options.messages)
            imports.take(about, messages)
            ids.append(about.id)
        build_s = time.perf_counter() - started
        build_cpu_s = time.process_time() - started_cpu
        use_app(app)
        app.library.create("Base")
        result = {
            "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
            "conversations": options.conversations,
            "messages": sum(1 for one in ids for _ in ConversationRepository(database).tree(one)),
            "database_mb": round((Path(folder) / DATABASE_FILE).stat().st_size / 1e6, 1),
            "import_s": round(build_s, 1),
            "import_cpu_s": round(build_cpu_s, 1),
            "ms": services(app, ConversationRepository(database), ids, options.repeat)
            | page_runs(ids, max(options.repeat // 3, 3)),
        }
        database.close()
        use_app(None)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
