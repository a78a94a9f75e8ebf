"""How soon the page answers: Enter to first change, Enter to first token, page switch, in Chromium.

    python benchmarks/chat/latency.py --data DIR --squad /path/to/cmrc2018_dev.json [--runs 20]

The base has 10,000 passages; the model answers with no delay, so that what is measured is the app.
"""

import argparse
import statistics
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from world import EchoModel, code_of, contexts_of, percentile, prepare_base, questions_of, serve

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
#: Notes when the count of messages first grew, and when the code of this question's answer first stood in the page.
WATCH = """(code) => {
    const count = () => document.querySelectorAll('[data-testid="stChatMessage"]').length;
    const before = count();
    if (window.watcher) window.watcher.disconnect();
    window.times = {};
    const look = () => {
        if (!window.times.change && count() > before) window.times.change = performance.now();
        const drawn = document.body.textContent.includes(code + '-0');
        if (!window.times.token && drawn) window.times.token = performance.now();
    };
    window.watcher = new MutationObserver(look);
    window.watcher.observe(document.body, {childList: true, subtree: true, characterData: true});
    document.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') window.times.enter = performance.now();
    }, {capture: true, once: true});
}"""


def ask(page: Page, question: str) -> tuple[float, float]:
    """Return milliseconds from Enter to the first change and to the first token."""
    page.evaluate(WATCH, code_of(question))
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    page.wait_for_function("window.times.token")
    times = page.evaluate("window.times")
    page.wait_for_selector(".st-key-stop", state="detached")
    page.wait_for_timeout(300)
    return times["change"] - times["enter"], times["token"] - times["enter"]


def switch(page: Page, link: str, heading: str) -> float:
    """Return milliseconds from the click on a page to its heading."""
    page.evaluate(
        """([link, heading]) => {
            window.shown = 0;
            const look = () => {
                const found = [...document.querySelectorAll('h1')].some((one) => one.innerText.includes(heading));
                if (!window.shown && found) window.shown = performance.now();
            };
            new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
            const links = [...document.querySelectorAll('[data-testid="stSidebarNavLink"]')];
            window.clicked = performance.now();
            links.find((one) => one.innerText.includes(link)).click();
        }""",
        [link, heading],
    )
    page.wait_for_function("window.shown")
    page.wait_for_timeout(500)
    return float(page.evaluate("window.shown - window.clicked"))


def report(name: str, values: list[float], limit: float) -> None:
    """Print median and 95th percentile beside the limit."""
    print(
        f"{name}: median {statistics.median(values):.0f} ms, p95 {percentile(values, 0.95):.0f} ms (limit {limit:.0f})"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    questions = questions_of(arguments.squad)
    print("passages:", prepare_base(arguments.data, contexts_of(arguments.squad)))
    with EchoModel() as model, sync_playwright() as playwright:
        server = serve(arguments.data, model)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US", bypass_csp=True)
            page.goto(server.url)
            page.wait_for_selector(".st-key-scope_model_sidebar")
            page.get_by_test_id("stChatInputTextArea").fill("/model echo")
            page.get_by_test_id("stChatInputTextArea").press("Enter")
            page.wait_for_timeout(2000)
            changes, tokens = [], []
            for run in range(arguments.runs):
                if run % 5 == 0:  # short conversations, as most are
                    page.locator(".st-key-new_chat_sidebar button").locator("visible=true").first.click()
                    page.wait_for_timeout(1000)
                change, token = ask(page, questions[run])
                changes.append(change)
                tokens.append(token)
            report("Enter to first change", changes[1:], 150)
            report("Enter to first token", tokens[1:], 400)
            pages = [("Search", "Search"), ("Knowledge", "Knowledge bases"), ("Models", "Models")] * 4
            report("page switch", [switch(page, link, heading) for link, heading in pages][3:], 500)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
