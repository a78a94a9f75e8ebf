"""The address of a page's picture: what it draws, and what it refuses."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ingestion.errors import DamagedError
from kb_app.errors import NotFoundError
from kb_app.ui.page_route import PAGE_ROUTE, page_address
from kb_app.ui.runtime import use_app


class Images:
    def __init__(self) -> None:
        self.asked: list[object] = []

    def image(self, document_id: str, page: int, spans: list[tuple[int, int]]) -> bytes:
        self.asked.append((document_id, page, spans))
        if document_id == "gone":
            raise NotFoundError("gone")
        if document_id == "bad":
            raise DamagedError("bad")
        return b"picture"


@pytest.fixture
def images() -> Iterator[Images]:
    class App:
        page_images = Images()

    use_app(App())  # type: ignore[arg-type]
    yield App.page_images
    use_app(None)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[PAGE_ROUTE]))


def test_a_page_is_drawn_with_its_marks(images: Images, client: TestClient) -> None:
    answer = client.get(page_address("d1", 7, ((3, 9), (20, 25))))

    assert (answer.content, answer.headers["content-type"]) == (b"picture", "image/png")
    assert images.asked == [("d1", 7, [(3, 9), (20, 25)])]


@pytest.mark.parametrize("document", ["gone", "bad"])
def test_what_cannot_be_drawn_is_not_found(images: Images, client: TestClient, document: str) -> None:
    assert client.get(page_address(document, 1, ())).status_code == 404


@pytest.mark.parametrize("page", ["9" * 5000, "-1", "1.5", "x", "\u0663"])
def test_what_is_no_page_number_is_not_found(images: Images, client: TestClient, page: str) -> None:
    assert client.get(f"/page/d1/{page}.png").status_code == 404
    assert images.asked == []


def test_absurd_marks_are_left_out(images: Images, client: TestClient) -> None:
    client.get("/page/d1/1.png", params={"marks": "9-3.0-999999.x-1.1-2" + ".5-6" * 100})

    [(_, _, spans)] = images.asked  # type: ignore[misc]
    assert spans[0] == (1, 2)
    assert len(spans) == 20
