"""What a person does on the pages, as functions."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect


def key(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-{name}")


def create_base(page: Page, name: str, *, first: bool = False) -> None:
    key(page, "create_own" if first else "new_base").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    wait_until_idle(page)  # what is put into a box that is about to be replaced is lost


def wait_until_idle(page: Page) -> None:
    """Wait until the script of the page has ended."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def wait_until_still(page: Page) -> None:
    """Wait until the script has ended and nothing moves: a click into a box that is still opening goes astray."""
    wait_until_idle(page)
    page.evaluate(
        """() => Promise.allSettled(
            document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < 10000).map((a) => a.finished)
        )"""
    )


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()


def upload(page: Page, *files: Path) -> None:
    box = page.locator("[class*=st-key-upload_]").get_by_test_id("stFileUploaderDropzoneInput")
    expect(box).to_have_count(1)  # while the page changes over to another base, both boxes are there
    box.set_input_files([str(file) for file in files])


def ask(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")


def answer(page: Page) -> Locator:
    """Return the newest message of the assistant."""
    return page.get_by_test_id("stChatMessage").last


def marked(page: Page) -> Locator:
    """Return what is marked in the passage that stands open."""
    return page.get_by_role("dialog").locator("mark, .stMarkdownColoredBackground")


def wait_for_answer(page: Page, timeout_s: float = 60) -> None:
    expect(page.locator("[class*=st-key-details_]").last).to_be_visible(timeout=timeout_s * 1000)
    expect(key(page, "stop")).to_have_count(0)
