"""The word by which a tab learns that another one has asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kb_app.errors import NotFoundError
from kb_app.models import Conversation
from kb_app.ui.following import CHANGES_ROUTE
from kb_app.ui.runtime import use_app

FIRST = Conversation(
    id="c", title="Tea", base_ids=(), model_id="quote", created_at="2026", updated_at="2026", leaf_id="m1"
)


@dataclass
class Shelf:
    known: Conversation = FIRST

    def conversation(self, conversation_id: str) -> Conversation:
        if conversation_id != self.known.id:
            raise NotFoundError("gone", name=conversation_id)
        return self.known


@dataclass
class FakeApp:
    history: Shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    use_app(FakeApp(made))  # type: ignore[arg-type]
    yield made
    use_app(None)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[CHANGES_ROUTE]))


def test_the_word_changes_with_the_last_message_and_the_title_alone(shelf: Shelf, client: TestClient) -> None:
    words = []
    for change in ({}, {"pinned": True}, {"leaf_id": "m2"}, {"title": "Green tea"}):
        shelf.known = replace(shelf.known, **change)
        words.append(client.get("/changes/c").text)

    assert words[0] == words[1]
    assert len(set(words)) == 3
    assert "Tea" not in words[0]


def test_a_conversation_that_is_gone_is_not_found(shelf: Shelf, client: TestClient) -> None:
    assert client.get("/changes/x").status_code == 404
