"""From an empty installation to a checked answer, as a person does it, in a real browser."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kb_driving import answer, ask, create_base, go_to, key, marked, upload, wait_for_answer, wait_until_still
from kb_server import Network, Server
from playwright.sync_api import Browser, Page, expect
from protocol_servers.ollama_server import OllamaServer
from waiting import until

from kb_app.storage.database import DATABASE_FILE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LIGHTHOUSE = """# The lighthouse

The lighthouse at Storm Point was built in 1871 by a crew of forty masons.

## The lamp

Its lamp burned colza oil until 1904. Since then it has used electricity, and it can be seen from 27 kilometres away.

## The keeper

The last keeper was Ada Merrow. She kept a diary of every storm for thirty-one years.
"""
RECIPE = "# 番茄炒蛋\n\n先把鸡蛋炒到八成熟盛出，再炒番茄，出汁后倒回鸡蛋，加半勺糖。\n"
TRAIN = "Trains\n\nThe night train leaves at 22:40 from platform 7 and arrives at 06:15.\n"
IMAGE = "![x](http://127.0.0.1:9/leak.png)"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    texts = {"lighthouse.md": LIGHTHOUSE, "番茄炒蛋.md": RECIPE, "trains.txt": TRAIN, "empty.txt": ""}
    paths = []
    for name, text in texts.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def open_first_source(page: Page) -> None:
    page.locator("[class*=st-key-sources_] summary").last.click()
    button = page.get_by_role("button", name="Open in document").first
    expect(button).to_be_visible()
    wait_until_still(page)
    button.click()


def test_first_run_to_a_checked_answer_and_back(page: Page, files: list[Path]) -> None:
    expect(page.get_by_role("heading", name="Your documents, answering")).to_be_visible()
    create_base(page, "My notes", first=True)
    go_to(page, "Knowledge bases")
    upload(page, *files)
    expect(page.get_by_text("Last additions · 3 added · 1 failed", exact=True)).to_be_visible()
    expect(page.get_by_text("The file is empty (0 bytes).").first).to_be_visible()
    expect(page.get_by_text("番茄炒蛋.md").first).to_be_visible()

    key(page, "ask_base").get_by_role("button").click()
    ask(page, "From how far away can the lighthouse be seen?")
    wait_for_answer(page)
    expect(answer(page)).to_contain_text("27 kilometres")

    answer(page).get_by_role("link", name="1", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(marked(page).first).to_be_in_viewport()
    assert "27 kilometres" in "".join(marked(page).all_inner_texts())
    expect(dialog).to_contain_text("lighthouse.md")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.reload()
    expect(answer(page)).to_contain_text("27 kilometres")
    key(page, "new_chat_sidebar").get_by_role("button").click()
    expect(page.get_by_test_id("stChatMessage")).to_have_count(0)
    key(page, "conversations").get_by_role("button", name="From how far away").click()
    expect(answer(page)).to_contain_text("27 kilometres")


def test_the_example_base_answers_after_three_clicks(page: Page) -> None:
    key(page, "load_examples").get_by_role("button").click()
    question = key(page, "question_1").get_by_role("button")
    expect(question).to_be_enabled()
    question.click()
    wait_for_answer(page)

    expect(answer(page)).to_contain_text("200 km")


def test_real_books_and_courses(page: Page, shared_data: Path) -> None:
    courses = sorted((shared_data / "prompt_engineering").glob("*.md"))[:3]
    create_base(page, "Data whale", first=True)
    go_to(page, "Knowledge bases")
    upload(page, shared_data / "pumpkin_book.pdf", *courses)
    expect(page.get_by_text("of 4 files done")).to_be_visible()
    expect(page.get_by_text("Last additions · 4 added", exact=True)).to_be_visible(timeout=120_000)

    key(page, "ask_base").get_by_role("button").click()
    ask(page, "南瓜书是什么书？")
    wait_for_answer(page)
    expect(answer(page)).to_contain_text("南瓜书")
    open_first_source(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("page ")
    expect(marked(page).first).to_be_visible()
    passage = "".join(marked(page).all_inner_texts())
    assert "南瓜书" in passage
    picture = dialog.get_by_role("img", name="as it is printed")
    if picture.count():
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 1000

    page.keyboard.press("Escape")
    page.reload()
    expect(answer(page)).to_contain_text("南瓜书")


# --- with a language model ------------------------------------------------------------------------


@pytest.fixture
def ollama_page(ollama_app: Server, browser: Browser, network: Network, files: list[Path]) -> Iterator[Page]:
    """Return the chat page of an app with documents in it and a language model picked."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(60_000)
    network.watch(context, ollama_app.url)
    opened = context.new_page()
    opened.goto(ollama_app.url)
    create_base(opened, "My notes", first=True)
    go_to(opened, "Knowledge bases")
    upload(opened, *files)
    expect(opened.get_by_text("Last additions · 3 added · 1 failed", exact=True)).to_be_visible(timeout=120_000)
    key(opened, "ask_base").get_by_role("button").click()
    pick_model(opened, "ollama/qwen3:8b")
    yield opened
    context.close()
    assert network.foreign == []


def pick_model(page: Page, model: str) -> None:
    box = key(page, "scope_model_sidebar").get_by_role("combobox")
    box.click()
    page.get_by_role("option", name=model, exact=True).click()
    expect(box).to_have_value(model)


def test_the_text_grows_before_it_ends(ollama_page: Page, ollama: OllamaServer) -> None:
    ollama.scenario, ollama.answer_text = "held", "The lamp can be seen from 27 kilometres away [1]. "
    ask(ollama_page, "From how far away can the lighthouse be seen?")
    expect(answer(ollama_page)).to_contain_text("27 kilometres")
    expect(key(ollama_page, "stop")).to_be_visible()
    ollama.release.set()
    wait_for_answer(ollama_page)
    expect(answer(ollama_page)).to_contain_text("THE END")
    open_first_source(ollama_page)
    expect(marked(ollama_page).first).to_contain_text("27 kilometres")


def test_a_slow_start_says_what_it_waits_for(ollama_page: Page, ollama: OllamaServer) -> None:
    ollama.scenario = "held_start"
    ask(ollama_page, "Who was the last keeper of the lighthouse?")

    # "Waiting for the model's first words", and after some seconds "Still waiting for the model".
    expect(ollama_page.get_by_text(re.compile("[Ww]aiting for the model"))).to_be_visible()
    ollama.release.set()
    wait_for_answer(ollama_page)


def test_stop_ends_the_model_and_keeps_the_text(ollama_page: Page, ollama: OllamaServer) -> None:
    ollama.scenario = "endless"
    ask(ollama_page, "Who was the last keeper of the lighthouse?")
    expect(answer(ollama_page)).to_contain_text("再来 再来")
    key(ollama_page, "stop").get_by_role("button").click()

    expect(ollama_page.get_by_text("You stopped this answer")).to_be_visible()
    expect(answer(ollama_page)).to_contain_text("再来 再来")
    assert ollama.client_gone.wait(60)


def test_a_page_switch_and_a_reload_do_not_end_an_answer(ollama_page: Page, ollama: OllamaServer) -> None:
    ollama.gap_s, ollama.answer_text = 0.1, "The last keeper was Ada Merrow [1]. " * 6 + "THE END"
    ask(ollama_page, "Who was the last keeper of the lighthouse?")
    expect(answer(ollama_page)).to_contain_text("The last keeper")
    go_to(ollama_page, "Knowledge bases")
    expect(ollama_page.get_by_role("heading", name="Knowledge bases")).to_be_visible()
    go_to(ollama_page, "Chat")
    expect(answer(ollama_page)).to_contain_text("The last keeper")
    ollama_page.reload()
    wait_for_answer(ollama_page)

    expect(answer(ollama_page)).to_contain_text("THE END")


def test_a_question_typed_while_busy_stays_in_the_box(ollama_page: Page, ollama: OllamaServer) -> None:
    ollama.scenario = "endless"
    ask(ollama_page, "Who was the last keeper of the lighthouse?")
    expect(answer(ollama_page)).to_contain_text("再来")
    ask(ollama_page, "And when was it built?")

    expect(ollama_page.get_by_test_id("stChatInputTextArea")).to_have_value("And when was it built?")
    key(ollama_page, "stop").get_by_role("button").click()
    expect(ollama_page.get_by_text("You stopped this answer")).to_be_visible()
    expect(ollama_page.get_by_test_id("stChatInputTextArea")).to_have_value("And when was it built?")


def test_a_failing_model_is_explained_and_can_be_asked_again(ollama_page: Page, ollama: OllamaServer) -> None:
    ollama.scenario = "memory"
    ask(ollama_page, "Who was the last keeper of the lighthouse?")
    again = ollama_page.get_by_role("button", name="Ask again")
    expect(again).to_be_visible()
    expect(answer(ollama_page).get_by_role("alert")).to_be_visible()

    ollama.scenario, ollama.answer_text = "answer", "It was Ada Merrow [1]."
    again.click()
    expect(answer(ollama_page)).to_contain_text("Ada Merrow")


def saved_answer(app: Server) -> str:
    """Return what the database holds of the newest answer."""
    with closing(sqlite3.connect(app.data_dir / DATABASE_FILE)) as database:
        query = "SELECT text FROM messages WHERE role = 'assistant' ORDER BY created_at DESC"
        return str(database.execute(query).fetchone()[0])


def test_kill_during_an_answer_loses_neither_question_nor_text(
    ollama_page: Page, ollama: OllamaServer, ollama_app: Server
) -> None:
    ollama.scenario = "endless"
    ask(ollama_page, "Who was the last keeper of the lighthouse?")
    expect(answer(ollama_page)).to_contain_text("再来 再来")
    until(lambda: "再来 再来" in saved_answer(ollama_app))
    address = ollama_page.url
    ollama_app.kill()
    ollama_app.start()
    ollama_page.goto(address)

    expect(ollama_page.get_by_text("Who was the last keeper of the lighthouse?").last).to_be_visible()
    expect(answer(ollama_page)).to_contain_text("再来 再来")
    expect(ollama_page.get_by_text("The app stopped while this answer was being written")).to_be_visible()


def test_nothing_in_names_documents_or_answers_is_fetched(
    ollama_page: Page, ollama: OllamaServer, network: Network, tmp_path: Path
) -> None:
    hostile = tmp_path / "a![x](b.png).md"
    hostile.write_text(
        f"# Harbour {IMAGE}\n\nThe harbour is 12 metres deep. {IMAGE}\n\n<img src='http://127.0.0.1:9/i'>\n"
    )
    go_to(ollama_page, "Knowledge bases")
    create_base(ollama_page, f"Base {IMAGE}")
    upload(ollama_page, hostile)
    expect(ollama_page.get_by_text("1 added")).to_be_visible()
    key(ollama_page, "ask_base").get_by_role("button").click()
    ollama.answer_text = (
        f"12 metres [1]. {IMAGE} `{IMAGE}` <img src='http://127.0.0.1:9/j'>\n\n[1]: http://127.0.0.1:9/k\n\n"
        f"<iframe src='http://127.0.0.1:9/l'></iframe> <style>@import 'http://127.0.0.1:9/m'</style> \\( {IMAGE} \\)\n"
        f"$$ {IMAGE} $$ [link](http://127.0.0.1:9/n) ![ref][r]\n\n[r]: http://127.0.0.1:9/o\n\n```\n{IMAGE}\n"
    )
    ask(ollama_page, f"How deep is the harbour? {IMAGE}")
    wait_for_answer(ollama_page)
    expect(answer(ollama_page)).to_contain_text("12 metres")
    open_first_source(ollama_page)
    expect(marked(ollama_page).first).to_be_visible()
    ollama_page.wait_for_timeout(500)

    assert ollama_page.locator("img[src*='127.0.0.1:9']").count() == 0
    assert network.foreign == []


def test_the_policy_stops_what_markup_would_let_through(page: Page, network: Network) -> None:
    expect(page.get_by_role("heading", name="Your documents, answering")).to_be_visible()
    blocked = page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener('securitypolicyviolation', (event) => resolve(event.blockedURI));
            new Image().src = 'http://127.0.0.1:9/leak.png';
            setTimeout(() => resolve('nothing was blocked'), 60000);
        })"""
    )

    assert blocked == "http://127.0.0.1:9/leak.png"
    assert network.foreign == [blocked]  # blocked requests are counted too, here and in every other test
    network.foreign.clear()


def test_on_a_phone_the_controls_are_in_the_page(ollama_app: Server, ollama_page: Page, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    phone = context.new_page()
    phone.goto(ollama_app.url)
    expect(phone.get_by_role("button", name="提问范围")).to_be_visible()
    phone.get_by_role("button", name="提问范围").click()
    expect(key(phone, "scope_model_page")).to_be_visible()
    phone.keyboard.press("Escape")
    ask(phone, "Who was the last keeper of the lighthouse?")
    wait_for_answer(phone)

    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
