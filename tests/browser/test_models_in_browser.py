"""A key that was typed once: not in the page, not in anything the server ever sends to the browser."""

import pytest
from kb_driving import go_to, key
from kb_server import Server
from playwright.sync_api import Browser, WebSocket, expect
from protocol_servers.openai_server import KEY, OpenAIDialectServer

pytestmark = pytest.mark.browser


def test_a_typed_key_never_comes_back(ollama_app: Server, browser: Browser) -> None:
    received: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: received.append(data if isinstance(data, bytes) else data.encode()))

    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    page = context.new_page()
    page.on("websocket", listen)
    with OpenAIDialectServer() as server:
        page.goto(ollama_app.url)
        go_to(page, "Models")
        expect(page.get_by_text("qwen3:8b", exact=True)).to_be_visible()
        key(page, "add_server").get_by_role("button").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name", exact=True).fill("lab")
        dialog.get_by_label("Address").fill(f"{server.url}/v1")
        dialog.get_by_label("Key").fill(KEY)
        dialog.get_by_role("button", name="Add").click()
        expect(dialog).to_be_hidden()
        key(page, "provider_lab").get_by_role("button", name="Test").click()
        expect(page.get_by_text("lab/served-model answered")).to_be_visible()
        assert "…6789" in key(page, "provider_lab").inner_text()
        page.reload()
        expect(key(page, "provider_lab").get_by_role("button", name="Test")).to_be_visible()
        assert KEY not in page.content()
    context.close()
    assert len(received) > 10
    assert b"served-model" in b"".join(received)
    assert KEY.encode() not in b"".join(received)


def test_a_download_shows_its_bar_and_can_be_cancelled(ollama_app: Server, ollama: object, browser: Browser) -> None:
    ollama.scenario, ollama.gap_s = "pull_hold", 0.1
    context = browser.new_context(viewport={"width": 390, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(f"{ollama_app.url}/models")
    page.get_by_placeholder("qwen3:4b").fill("llama3:8b")
    key(page, "pull_submit").get_by_role("button").click()
    expect(page.get_by_text("llama3:8b: 300 B of")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("starting it again goes on where it was")).to_be_visible()
    assert ollama.client_gone.wait(60)
    context.close()
