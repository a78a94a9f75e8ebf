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


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()


def upload(page: Page, *files: Path) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([str(file) for file in files])


def ask(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")


def answer(page: Page) -> Locator:
    """Return the newest message of the assistant."""
    return page.get_by_test_id("stChatMessage").last


def wait_for_answer(page: Page, timeout_s: float = 60) -> None:
    expect(page.locator("[class*=st-key-details_]").last).to_be_visible(timeout=timeout_s * 1000)
    expect(key(page, "stop")).to_have_count(0)


def watch_growth(page: Page, timeout_s: float = 60) -> list[int]:
    """Return the lengths the newest answer had, as they changed, until its Stop button is gone."""
    page.evaluate(
        """() => {
            window.lengths = [];
            const look = () => {
                const shown = document.querySelectorAll('[data-testid="stChatMessage"]');
                const last = shown[shown.length - 1];
                const stop = document.querySelector('.st-key-stop');
                if (stop && last) {
                    const length = last.innerText.length;
                    if (window.lengths.at(-1) !== length) window.lengths.push(length);
                }
            };
            window.watching = setInterval(look, 20);
        }"""
    )
    wait_for_answer(page, timeout_s)
    return [int(length) for length in page.evaluate("() => { clearInterval(window.watching); return window.lengths }")]
