"""The whole path in a browser: a wrong answer, its correction, the corrected answer, and a document that changes."""

from pathlib import Path

import pytest
from kb_driving import answer, ask, create_base, go_to, key, upload, wait_for_answer, wait_until_idle
from kb_server import Server
from playwright.sync_api import Browser, expect
from protocol_servers.ollama_server import OllamaServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FACT = "# Lighthouse\n\nThe lamp of the lighthouse can be seen from 27 kilometres away on a clear night.\n"
CHANGED = "# Lighthouse\n\nThe lighthouse was given a new lamp, and nobody has measured how far it reaches.\n"


def test_a_corrected_answer_is_given_until_its_document_changes(
    ollama_app: Server, ollama: OllamaServer, browser: Browser, tmp_path: Path
) -> None:
    ollama.answer_text = "It can be seen from 99 kilometres away [1]."
    document = tmp_path / "lighthouse.md"
    document.write_text(FACT, encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-US")
    page = context.new_page()
    page.goto(ollama_app.url)
    create_base(page, "Coast", first=True)
    go_to(page, "Knowledge bases")
    upload(page, document)
    begin = key(page, "ask_base").get_by_role("button")
    expect(begin).to_be_enabled(timeout=60_000)
    begin.click()
    box = key(page, "scope_model_sidebar").get_by_role("combobox")
    box.click()
    page.get_by_role("option", name="ollama/qwen3:8b", exact=True).click()
    expect(box).to_have_value("ollama/qwen3:8b")
    ask(page, "From how far away can the lamp of the lighthouse be seen?")
    wait_for_answer(page)
    expect(answer(page)).to_contain_text("99 kilometres")

    answer(page).get_by_role("button", name="Correct this").click()
    text = page.locator("[class*=st-key-fix_text_] textarea")
    expect(text).to_have_value("It can be seen from 99 kilometres away [1].")
    text.fill("It can be seen from 27 kilometres away [1].")
    text.press("Control+Enter")
    expect(page.locator(".kb-difference ins")).to_have_text("27")
    wait_until_idle(page)
    page.keyboard.press("Alt+a")
    expect(page.get_by_text("Approved. It answers from now on.")).to_be_visible()

    expect(answer(page)).to_contain_text("It can be seen from 27 kilometres")  # back at the answer, which is right now
    expect(answer(page)).to_contain_text("The answer before it was corrected")
    ask(page, "Hello! Could you please tell me from how far away the lamp of the lighthouse can be seen? Thanks")
    expect(answer(page)).to_contain_text("Corrected answer")
    expect(answer(page)).to_contain_text("27 kilometres")
    answer(page).get_by_role("button", name="Ask the model").click()
    expect(answer(page)).to_contain_text("99 kilometres")

    document.write_text(CHANGED, encoding="utf-8")
    go_to(page, "Knowledge bases")
    upload(page, document)
    expect(page.get_by_text("replaced: the earlier version is gone")).to_be_visible()
    go_to(page, "Corrections")
    notice = page.get_by_text("They are marked as out of date")
    for _ in range(20):  # the check follows the document; a page shows what is known when it is drawn
        wait_until_idle(page)
        if notice.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(notice).to_be_visible()
    key(page, "corrections_view").get_by_role("radio", name="Corrections").click()
    expect(page.get_by_text("Document changed")).to_be_visible()
    context.close()
