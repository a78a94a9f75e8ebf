"""The chat in a real browser against a scripted model: branches, versions, two tabs, drops, long answers, citations."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kb_driving import answer, ask, go_to, key, wait_for_answer, wait_until_idle
from kb_server import Network, Server
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from protocol_servers.ollama_server import OllamaServer

from kb_app.app import build_app
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PDF = Path(__file__).resolve().parents[1] / "ingestion" / "fixtures" / "two_pages.pdf"
HARBOUR = "# Harbour\n\nThe harbour is 12 metres deep. Its pilot is Ada Merrow.\n"
NEXT = "Which person works as the pilot of the harbour?"
FIRST, OTHER = "ollama/qwen3:8b", "ollama/gpt-oss:20b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One running app with documents, its model, and one browser context in front of it."""

    url: str
    ollama: OllamaServer
    context: BrowserContext

    def page(self, address: str = "") -> Page:
        """Open a tab and wait until one can type: what is put into a box that is about to be replaced is lost."""
        opened = self.context.new_page()
        opened.goto(address or self.url)
        expect(opened.get_by_test_id("stChatInputTextArea")).to_be_visible()
        wait_until_idle(opened)
        return opened


@pytest.fixture(scope="module")
def started(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """Return the app, which all tests of this module share."""
    folder, network = tmp_path_factory.mktemp("chat"), Network()
    with OllamaServer() as ollama:
        with build_app(load_settings(folder), owner=True) as app:
            base = app.library.create("Coast")
            files = [Upload(name="harbour.md", data=HARBOUR.encode()), Upload(name="guide.pdf", data=PDF)]
            app.jobs.wait(app.library.add_files(base.id, files))
            app.model_choices.set_base(base.id, model_id=FIRST, fallback_model_id="")
        server = Server(data_dir=folder, environment={"KB_OLLAMA_BASE_URL": ollama.url}).start()
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
        context.set_default_timeout(60_000)
        network.watch(context, server.url)
        yield Chat(url=server.url, ollama=ollama, context=context)
        context.close()
        server.stop()
    assert network.foreign == []


@pytest.fixture
def chat(started: Chat) -> Iterator[Chat]:
    started.ollama.reset()
    yield started
    for page in started.context.pages:
        page.close()


def tool(message: Locator, name: str) -> Locator:
    return message.locator(f"[class*=st-key-{name}_]").get_by_role("button")


def question(page: Page, place: int = 0) -> Locator:
    return page.locator("[class*=st-key-question_]").nth(place)


def test_an_edited_question_and_another_model_are_versions_side_by_side(chat: Chat) -> None:
    page = chat.page()
    chat.ollama.answer_text = "It is 12 metres deep [1]."
    ask(page, "How deep is the harbour?")
    wait_for_answer(page)
    chat.ollama.answer_text = "Ada Merrow is its pilot [1]."
    ask(page, NEXT)
    expect(answer(page)).to_contain_text("Ada Merrow is its pilot")
    wait_for_answer(page)

    tool(question(page), "edit").click()
    page.get_by_label("Ask instead").fill("How deep is the harbour in metres?")
    chat.ollama.answer_text = "Twelve metres [1]."
    key(page, "edit_ask").get_by_role("button").click()
    expect(answer(page)).to_contain_text("Twelve metres")
    wait_for_answer(page)
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
    expect(question(page)).to_contain_text("2/2")
    tool(question(page), "previous").click()
    expect(page.get_by_text("Ada Merrow is its pilot")).to_be_visible()
    expect(question(page)).to_contain_text("How deep is the harbour?")
    tool(question(page), "next").click()
    expect(answer(page)).to_contain_text("Twelve metres")

    tool(answer(page), "again").click()
    box = page.get_by_role("dialog").get_by_role("combobox")
    box.click()
    page.get_by_role("option", name=OTHER, exact=True).click()
    chat.ollama.answer_text = "A dozen metres [1]."
    page.get_by_role("dialog").get_by_role("button", name="Answer again").click()
    expect(answer(page)).to_contain_text("A dozen metres")
    wait_for_answer(page)
    assert chat.ollama.bodies("/api/chat")[-1]["model"] == "gpt-oss:20b"
    tool(answer(page), "compare").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Twelve metres")).to_be_visible()
    expect(dialog.get_by_text("A dozen metres")).to_be_visible()
    dialog.get_by_role("button", name="Go on with this one").first.click()
    expect(dialog).to_be_hidden()
    expect(answer(page)).to_contain_text("Twelve metres")


def test_a_conversation_is_named_tagged_pinned_deleted_found_linked_and_imported(chat: Chat, tmp_path: Path) -> None:
    page = chat.page()
    chat.ollama.answer_text = "The zeppelin moors at 12 metres [1]."
    ask(page, "How deep is the harbour?")
    wait_for_answer(page)
    menu = key(page, "chat_menu").get_by_role("button")
    menu.click()
    title = page.get_by_label("Title")
    title.fill("Depths")
    title.press("Enter")
    row = key(page, "conversations").get_by_role("button", name="Depths")
    expect(row).to_be_visible()
    page.locator("[class*=st-key-pin_menu_]").get_by_role("button").click()
    expect(page.locator("[class*=st-key-pin_menu_]")).to_contain_text("Unpin")
    tags = page.get_by_label("Tags")
    tags.fill("sea")
    tags.press("Enter")
    expect(page.locator("[class*=st-key-tags_] [data-tag]")).to_have_text("sea")
    tags.press("Tab")  # its list would lie over what is below
    link = page.locator("[data-testid=stCode] code").inner_text()
    with page.expect_download() as saving:
        page.locator(".st-key-export_json_one").get_by_role("button").click()
    exported = tmp_path / saving.value.suggested_filename
    saving.value.save_as(exported)
    assert "zeppelin" in json.dumps(json.loads(exported.read_text(encoding="utf-8")))
    key(page, "delete_chat").get_by_role("button").click()
    expect(row).to_have_count(0)
    key(page, "undo_delete").get_by_role("button").click()
    expect(row).to_be_visible()
    expect(answer(page)).to_contain_text("zeppelin")

    go_to(page, "Conversations")
    expect(page.locator("[class*=st-key-facts_]").filter(has_text="sea")).to_be_visible()
    search = page.get_by_label("Search everything that was said")
    search.fill("zeppelin moors")
    search.press("Enter")
    expect(page.locator("mark").first).to_have_text(re.compile("zeppelin"))
    page.get_by_role("button", name="Import and export").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(exported))
    expect(page.get_by_text("Imported. New: 0, extended: 0, already here: 1.")).to_be_visible()
    page.goto(link)
    expect(answer(page)).to_contain_text("zeppelin")


def test_two_tabs_share_an_answer_and_neither_loses_nor_doubles_it(chat: Chat) -> None:
    first = chat.page()
    chat.ollama.scenario, chat.ollama.answer_text = "held", "It is 12 metres deep [1]."
    ask(first, "How deep is the harbour?")
    expect(answer(first)).to_contain_text("12 metres")
    second = chat.page(first.url)
    expect(answer(second)).to_contain_text("12 metres")
    ask(second, NEXT)  # it still answers: nothing is lost, nothing is asked twice
    expect(second.get_by_test_id("stChatInputTextArea")).to_have_value(NEXT)
    address = first.url
    first.close()
    chat.ollama.release.set()
    expect(answer(second)).to_contain_text("THE END")
    wait_for_answer(second)
    chat.ollama.scenario, chat.ollama.answer_text = "endless", ""
    second.get_by_test_id("stChatInputTextArea").press("Enter")
    expect(answer(second)).to_contain_text("再来 再来")
    third = chat.page(address)
    expect(answer(third)).to_contain_text("再来 再来")
    second.reload()
    expect(answer(second)).to_contain_text("再来 再来")
    key(third, "stop").get_by_role("button").click()
    for tab in (second, third):
        expect(tab.get_by_text("You stopped this answer")).to_be_visible()
        expect(answer(tab)).to_contain_text("再来 再来")
        expect(tab.get_by_test_id("stChatMessage")).to_have_count(4)
    assert chat.ollama.client_gone.wait(60)
    asked = [body["messages"][-1]["content"] for body in chat.ollama.bodies("/api/chat")]
    assert sum(NEXT in content for content in asked) == 1
    chat.ollama.scenario, chat.ollama.answer_text = "answer", "Ada Merrow is the pilot [1]."
    ask(third, "Who is the pilot?")
    expect(answer(second)).to_contain_text("Ada Merrow")  # it lies idle, and follows by itself
    expect(second.get_by_test_id("stChatMessage")).to_have_count(6)


def test_a_drop_keeps_the_text_and_a_thinking_model_shows_its_thoughts(chat: Chat) -> None:
    page = chat.page()
    chat.ollama.scenario = "drop"
    ask(page, "How deep is the harbour?")
    again = page.get_by_role("button", name="Ask again")
    expect(again).to_be_visible()
    expect(answer(page)).to_contain_text("质保期是")
    expect(answer(page).get_by_role("alert")).to_be_visible()

    chat.ollama.scenario, chat.ollama.answer_text = "thinking", "It is 12 metres deep [1]."
    again.click()
    expect(answer(page)).to_contain_text("12 metres")
    wait_for_answer(page)
    thoughts = answer(page).get_by_text("How the model got there")
    thoughts.click()
    expect(answer(page).get_by_text("先看资料，再回答。")).to_be_visible()
    expect(answer(page)).to_contain_text("2/2")


def test_a_citation_of_a_pdf_opens_the_page_with_the_words_marked(chat: Chat) -> None:
    page = chat.page()
    chat.ollama.answer_text = "The learning rate decides how far each step goes [1]."
    ask(page, "What decides how far each step goes?")
    wait_for_answer(page)
    answer(page).get_by_role("link", name="1", exact=True).click()
    picture = page.get_by_role("dialog").get_by_role("img", name="Page 2 as it is printed")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 1000
    address = chat.url + str(picture.get_attribute("src"))
    marked, plain = (page.request.get(one).body() for one in (address, address.split("?")[0]))
    assert marked != plain  # the cited words stand out in the picture


def test_a_very_long_answer_leaves_the_page_usable(chat: Chat) -> None:
    page = chat.page()
    chat.ollama.answer_text = "The harbour is **12 metres** deep, and so on and on [1].\n\n" * 3_600 + "THE END"
    chat.ollama.piece_size = 60
    ask(page, "How deep is the harbour?")
    expect(answer(page)).to_contain_text("12 metres")
    page.get_by_test_id("stChatInputTextArea").fill("still typing")
    expect(key(page, "stop")).to_have_count(0, timeout=90_000)
    expect(answer(page)).to_contain_text("THE END")
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_value("still typing")
    go_to(page, "Search")
    expect(page.get_by_role("heading", name="Search")).to_be_visible()
    go_to(page, "Chat")
    expect(answer(page)).to_contain_text("THE END")
