"""Every HTTP response carries the policy; websockets pass."""

import asyncio
from typing import Any

from kb_app.ui.security import CONTENT_SECURITY_POLICY, SecurityHeaders


def serve(scope: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def inner(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": f"{scope['type']}.response.start", "status": 200, "headers": headers})
        await send({"type": f"{scope['type']}.response.body", "body": b"ok"})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(SecurityHeaders(inner)(scope, receive, send))
    return sent


def test_a_response_gets_the_policy_in_place_of_a_weaker_one() -> None:
    start, body = serve({"type": "http"}, [(b"Content-Security-Policy", b"default-src *"), (b"x-other", b"1")])

    policies = [value for name, value in start["headers"] if name.lower() == b"content-security-policy"]
    assert policies == [CONTENT_SECURITY_POLICY.encode()]
    assert (b"x-other", b"1") in start["headers"]
    assert (b"x-content-type-options", b"nosniff") in start["headers"]
    assert body["body"] == b"ok"


def test_nothing_but_the_server_itself_is_allowed() -> None:
    sources = [word for part in CONTENT_SECURITY_POLICY.split("; ") for word in part.split()[1:]]

    assert not [source for source in sources if "://" in source or "*" in source]
    assert "'unsafe-eval'" not in sources


def test_of_scripts_in_the_page_only_streamlits_own_may_run() -> None:
    (scripts,) = (part for part in CONTENT_SECURITY_POLICY.split("; ") if part.startswith("script-src"))

    assert "'unsafe-inline'" not in scripts
    assert scripts.count("'sha256-") == 1


def test_a_websocket_is_left_alone() -> None:
    start, _ = serve({"type": "websocket"}, [])

    assert start["headers"] == []
