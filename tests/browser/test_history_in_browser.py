"""A long conversation of another product: imported, searched, and opened where the words stand."""

import json
import re
from pathlib import Path

import pytest
from kb_driving import go_to, key
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def export_of_chatgpt(folder: Path) -> Path:
    nodes: dict[str, object] = {}
    for place in range(60):
        is_question = place % 2 == 0
        text = f"Question {place} about gardens" if is_question else "Roses need pruning in late winter. " * 8
        message = {
            "author": {"role": "user" if is_question else "assistant"},
            "create_time": 1_750_000_000 + place,
            "content": {"content_type": "text", "parts": [text + (" The zinnia blooms." if place == 21 else "")]},
        }
        nodes[f"n{place}"] = {"parent": f"n{place - 1}" if place else None, "message": message}
    file = folder / "conversations.json"
    record = {"title": "Garden plans", "conversation_id": "g", "current_node": "n59", "mapping": nodes}
    file.write_text(json.dumps([record]), encoding="utf-8")
    return file


def test_an_import_is_searched_and_opens_where_the_words_stand(page: Page, tmp_path: Path) -> None:
    go_to(page, "Conversations")
    page.get_by_role("button", name="Import and export").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(str(export_of_chatgpt(tmp_path)))
    expect(page.get_by_text("Imported. New: 1")).to_be_visible()

    page.keyboard.press("Escape")
    box = page.get_by_label("Search everything that was said")
    box.fill("zinnia blooms")
    box.press("Enter")
    expect(page.locator("mark").first).to_have_text(re.compile("zinnia"))
    page.get_by_role("button", name="Garden plans").click()

    found = page.locator("[class*=st-key-found_]")
    expect(found).to_contain_text("The zinnia blooms.")
    expect(found.get_by_text("The zinnia blooms.")).to_be_in_viewport()
    page.reload()
    expect(found.get_by_text("The zinnia blooms.")).to_be_in_viewport()
    key(page, "to_end").get_by_role("button").click()
    expect(page.get_by_text("Question 58 about gardens")).to_be_visible()
    expect(found).to_have_count(0)
