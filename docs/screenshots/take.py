"""Take the pictures of the documentation: a small base of examples, a scripted model, the real app, Chromium.

    python docs/screenshots/take.py docs/screenshots            # those the documentation shows and that are missing
    python docs/screenshots/take.py docs/screenshots --only chat-en-dark-phone passage   # these, anew
    python docs/screenshots/take.py /tmp/pictures --all         # every page in all eight combinations, to look at

Needs the packages of the tests and Chromium at /usr/bin/chromium. The answers are written here, so that the same
pictures come out every time; everything else is the app.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tests"), str(ROOT)]

from conftest import FLAGS  # noqa: E402
from kb_driving import wait_until_idle  # noqa: E402
from kb_server import Server  # noqa: E402
from protocol_servers.ollama_server import OllamaServer  # noqa: E402

from kb_app.app import App, build_app  # noqa: E402
from kb_app.models import EvaluationCase, Message, Rating, RunSettings  # noqa: E402
from kb_app.services.answers.answering import AskRequest  # noqa: E402
from kb_app.settings import load_settings  # noqa: E402

Action = Callable[[Page], None]
#: Name of a picture -> language, scheme and size it is wanted in.
Wanted = Mapping[str, Sequence[tuple[str, str, str]]]
MODEL = "ollama/qwen3:8b"
SIZES = {"wide": (1280, 860), "phone": (390, 844)}
ALL = tuple((language, scheme, size) for language in ("zh", "en") for scheme in ("light", "dark") for size in SIZES)
PAGES = ("knowledge_bases", "search", "corrections", "evaluation", "history", "models", "prompts")
#: Picture of the documentation -> combinations it is shown in.
SHOWN = {
    "chat": ALL,
    "passage": (("zh", "light", "wide"), ("en", "dark", "wide")),
    "first-run": (("zh", "light", "wide"), ("en", "light", "phone")),
    "knowledge_bases": (("zh", "light", "wide"), ("en", "light", "wide")),
    "history": (("zh", "light", "wide"), ("en", "dark", "phone")),
    "models": (("zh", "dark", "wide"),),
    "wrong": (("zh", "light", "wide"), ("en", "light", "wide")),
    "corrected": (("zh", "light", "wide"), ("en", "light", "wide")),
    "reused": (("zh", "light", "wide"), ("en", "light", "wide")),
    "export": (("zh", "light", "wide"), ("en", "light", "wide")),
    "evaluation": (("zh", "light", "wide"), ("en", "light", "wide")),
    "comparison": (("zh", "light", "wide"), ("en", "light", "wide")),
}


class Talk(NamedTuple):
    """A question, what the model says, and the title and tags of the conversation."""

    question: str
    answer: str
    title: str
    tags: tuple[str, ...] = ()


TALKS = {
    "zh": (
        Talk("白茶能放多久？", "压饼的白茶保存得当可以放很多年 [1]。", "白茶的存放", ("茶",)),
        Talk("普洱茶可以放冰箱吗？", "不可以。普洱茶要放在通风、避光、没有异味的地方 [1]。", "普洱茶与冰箱", ("茶",)),
        Talk(
            "茶汤太苦怎么补救？",
            "茶汤太苦，多半是水太烫、泡太久或投茶太多 [1]。可以这样补救：\n\n"
            "1. 下一泡把水温降 5 ℃，时间减半 [1]。\n"
            "2. 绿茶用 80 ℃ 左右的水，太烫会把嫩芽烫熟，茶汤发黄发苦 [2]。\n"
            "3. 一杯里加一小勺蜂蜜，可以盖住苦味。",
            "茶汤太苦怎么补救",
            ("茶", "泡茶"),
        ),
    ),
    "en": (
        Talk("What torque do the pedals take?", "The pedals take 35 Nm [1].", "Torque of the pedals", ("bicycle",)),
        Talk("How do I fix a puncture?", "Find the hole, patch it, look for the thorn [1].", "Fixing a puncture"),
        Talk(
            "How often should I oil the chain?",
            "Clean and oil the chain every 200 km, or after every ride in heavy rain [1]:\n\n"
            "1. Wipe it with a dry rag while turning the pedals backwards [1].\n"
            "2. Put one drop of oil on each roller, on the inside of the lower run [1].\n"
            "3. Turn the pedals for thirty seconds, wait five minutes, and wipe off what you can see [1].\n\n"
            "A good oil costs about 12 euros.",
            "Oiling the chain",
            ("bicycle", "care"),
        ),
    ),
}
WRONG = {
    "zh": Talk("绿茶买回来放在哪里？", "绿茶放在厨房的柜子里就可以，能放两年 [1]。", "绿茶放在哪里"),
    "en": Talk("When should I replace the chain?", "Replace the chain every 10,000 km [1].", "Replacing the chain"),
}
RIGHT = {
    "zh": "密封后放冰箱冷藏，温度 0 到 5 ℃；一次取出够喝一周的量，最好在十二个月内喝完 [1]。",
    "en": "Replace the chain when a chain checker shows 0.75 % elongation; at 1 % the cassette is worn as well [1].",
}
NAMES = {"zh": "小李", "en": "Lee"}
AGAIN = {"zh": "请问绿茶买回来放在哪里呢？", "en": "Hello, when should I replace the chain, please?"}
CASES = {
    "zh": (("白茶能放多久？", "很多年"), ("普洱茶可以放冰箱吗？", "不可以"), ("用什么罐子好？", "锡罐")),
    "en": (("How often should I oil the chain?", "200 km"), ("What torque do pedals take?", "35 Nm")),
}


def seed(app: App, ollama: OllamaServer, language: str) -> dict[str, str]:
    """Fill the data folder; return the addresses of what is shown, by the name of its picture."""
    app.jobs.wait(app.library.add_examples(language))
    base_id = app.library.bases()[0].id
    app.model_choices.set_base(base_id, model_id=MODEL, fallback_model_id="")
    _evaluate(app, ollama, language, base_id)
    said = [_say(app, ollama, talk, base_id, language) for talk in TALKS[language]]
    app.history.pin(said[0].conversation_id, True)
    app.history.rate(said[1].id, Rating(verdict="bad", reasons=("noise",)))
    wrong, fixed = (_say(app, ollama, WRONG[language], base_id, language) for _ in range(2))
    app.history.rate(wrong.id, Rating(verdict="bad", reasons=("invented",)))
    draft = replace(app.corrections.from_message(fixed.id, NAMES[language]), chosen=RIGHT[language])
    correction = app.corrections.create(draft)
    app.corrections.approve(correction.id, NAMES[language])
    again = WRONG[language]._replace(question=AGAIN[language], title=AGAIN[language])
    reused = _say(app, ollama, again, base_id, language)
    app.history.delete(fixed.conversation_id)
    return {
        "chat": f"/?chat={said[-1].conversation_id}",
        "wrong": f"/?chat={wrong.conversation_id}",
        "corrected": f"/corrections?fix=c:{correction.id}&me={NAMES[language]}",
        "reused": f"/?chat={reused.conversation_id}",
    }


def _say(app: App, ollama: OllamaServer, talk: Talk, base_id: str, language: str) -> Message:
    ollama.answer_text = talk.answer
    asked = AskRequest(question=talk.question, base_ids=(base_id,), model_id=MODEL, language=language)
    answer = app.answering.ask(asked).wait(60)
    app.history.rename(answer.conversation_id, talk.title)
    app.history.tag(answer.conversation_id, talk.tags)
    return answer


def _evaluate(app: App, ollama: OllamaServer, language: str, base_id: str) -> None:
    found = app.evaluation.create_set(base_id, {"zh": "常见问题", "en": "Common questions"}[language])
    for question, expected in CASES[language]:
        app.evaluation.add_case(found.id, EvaluationCase(question=question, answers=(expected,)))
    ollama.answer_text = TALKS[language][0].answer
    for model in (MODEL, "quote"):
        run = app.evaluation_runs.start(base_id, found.id, RunSettings(model_id=model))
        while app.evaluation_runs.get(run.id).is_active:
            time.sleep(0.1)


@contextmanager
def seeded(ollama: OllamaServer, language: str) -> Iterator[tuple[Server, dict[str, str]]]:
    """Start the app over a data folder of its own in ``language``."""
    with tempfile.TemporaryDirectory(prefix="kb-pictures-") as folder:
        with build_app(load_settings(Path(folder)), owner=True) as app:
            addresses = seed(app, ollama, language)
        server = Server(data_dir=Path(folder)).start()
        try:
            yield server, addresses
        finally:
            server.stop()


class Camera:
    """Takes pictures of one app, in the combinations they are wanted in."""

    def __init__(self, browser: Browser, server: Server, folder: Path, language: str) -> None:
        """Write to ``folder``."""
        self._browser, self._server, self._folder, self._language = browser, server, folder, language

    def take(self, name: str, address: str, scheme: str, size: str, act: Action | None = None) -> None:
        """Open an address, do what the picture needs, and save it, unless it is there already."""
        path = self._folder / f"{name}-{self._language}-{scheme}-{size}.png"
        if path.exists():
            return
        width, height = SIZES[size]
        locale = {"zh": "zh-CN", "en": "en-US"}[self._language]
        view = {"width": width, "height": height}
        context = self._browser.new_context(viewport=view, locale=locale, color_scheme=scheme)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(self._server.url + address)
        settle(page)
        if act is not None:
            act(page)
            settle(page)
        page.screenshot(path=path)
        context.close()
        make_small(path)


def make_small(path: Path) -> None:
    """Keep 256 colours of a picture: a page of text has hardly more, and the file is a third of the size."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def settle(page: Page) -> None:
    """Wait until nothing changes any more: the script has ended, no skeleton is left, charts and toasts are drawn."""
    expect(page.locator(".stMainBlockContainer :is(h1, .stChatMessage)").first).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(700)


def show_sources(page: Page) -> None:
    """Unfold the sources of the newest answer."""
    page.locator("[class*=st-key-sources_] summary").last.click()
    expect(page.locator("[class*=st-key-source_]").first).to_be_visible()
    first = page.get_by_test_id("stChatMessage").first
    page.mouse.move(page.evaluate("innerWidth") * 0.6, 400)
    for _ in range(5):  # Streamlit follows the end of a chat until the page has come to rest, or the reader scrolls
        settle(page)
        if first.evaluate("message => message.getBoundingClientRect().top > 0"):
            return
        page.mouse.wheel(0, -5_000)


def show_passage(page: Page) -> None:
    """Open what the newest answer cites first."""
    for _ in range(5):  # a click before the page has loaded all of its code goes nowhere
        page.locator("a[href^='#kb-source-']").first.click()
        try:
            expect(page.get_by_role("dialog")).to_be_visible(timeout=10_000)
        except AssertionError:
            continue
        return


def show_part(word: str) -> Action:
    """Return what picks a part of a page by its name."""

    def act(page: Page) -> None:
        page.get_by_role("radio", name=word).first.click()

    return act


def show_why(page: Page) -> None:
    """Open the reasons of the newest answer's bad verdict."""
    page.locator("[class*=st-key-why_] button").last.click()
    expect(page.locator("[class*=st-key-rating_save_]")).to_be_visible()


ACTIONS: dict[str, Action] = {"chat": show_sources, "passage": show_passage, "wrong": show_why}
PARTS = {
    "export": ("/corrections", {"zh": "导出", "en": "Export"}),
    "comparison": ("/evaluation", {"zh": "比较", "en": "Compare"}),
}


def take_all(browser: Browser, folder: Path, wanted: Wanted) -> None:
    """Take every wanted picture."""
    for language in sorted({one[0] for combinations in wanted.values() for one in combinations}):
        with OllamaServer() as ollama:
            os.environ["KB_OLLAMA_BASE_URL"] = ollama.url
            with seeded(ollama, language) as (server, addresses), tempfile.TemporaryDirectory() as empty:
                camera = Camera(browser, server, folder, language)
                fresh = Server(data_dir=Path(empty)).start() if "first-run" in wanted else None
                for name, combinations in wanted.items():
                    for _, scheme, size in (one for one in combinations if one[0] == language):
                        if name == "first-run" and fresh is not None:
                            Camera(browser, fresh, folder, language).take(name, "/", scheme, size)
                        elif name in PARTS:
                            address, words = PARTS[name]
                            camera.take(name, address, scheme, size, show_part(words[language]))
                        else:
                            address = addresses.get("chat" if name == "passage" else name, f"/{name}")
                            camera.take(name, address, scheme, size, ACTIONS.get(name))
                if fresh is not None:
                    fresh.stop()


def only(wanted: Wanted, names: Sequence[str]) -> Wanted:
    """Return of ``wanted`` what ``names`` name: ``chat``, or ``chat-en-dark-phone``."""
    picked = {
        name: [one for one in combinations if {name, "-".join((name, *one))} & set(names)]
        for name, combinations in wanted.items()
    }
    return {name: combinations for name, combinations in picked.items() if combinations}


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="every page in all eight combinations")
    parser.add_argument("--only", nargs="+", help="names of pictures, taken anew: chat, or chat-en-dark-phone")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    wanted: Wanted = dict.fromkeys((*SHOWN, *PAGES), ALL) if args.all else SHOWN
    if args.only:
        wanted = only(wanted, args.only)
        if not wanted:
            parser.error("no such picture")
        for name, combinations in wanted.items():
            for one in combinations:
                (args.folder / f"{'-'.join((name, *one))}.png").unlink(missing_ok=True)
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        take_all(browser, args.folder, wanted)
        browser.close()


if __name__ == "__main__":
    main()
