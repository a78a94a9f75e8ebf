"""Pictures of pages: drawn once, marked by the document's own text, and a hostile file is tried once only."""

import pytest

from ingestion.errors import TooHeavyError
from ingestion.pool import WorkerDiedError
from kb_app.models import DocumentRecord
from kb_app.services.documents.page_images import PageImages
from kb_app.services.documents.passwords import Passwords


class Documents:
    def get(self, document_id):
        return DocumentRecord(
            id=document_id,
            base_id="b",
            name="a.pdf",
            sha256="f" * 64,
            media_type="application/pdf",
            byte_count=3,
            status="ready",
        )

    def text(self, document_id):
        return "one two three", ()


class Originals:
    def read(self, sha256):
        return b"pdf"


class Worker:
    def __init__(self, outcome):
        self.calls = []
        self.outcome = outcome

    def __call__(self, target, arguments, limits):
        self.calls.append(arguments)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def images(worker):
    passwords = Passwords(is_owner=True)
    passwords.hold("f" * 64, "secret")
    return PageImages(Documents(), Originals(), passwords, worker)


def test_a_page_is_drawn_once_for_the_same_marks():
    worker = Worker(b"png")
    pages = images(worker)

    assert pages.image("d", 2, [(4, 7)]) == b"png"
    assert pages.image("d", 2, [(4, 7)]) == b"png"
    assert pages.image("d", 2, [(0, 3)]) == b"png"
    assert [call["passages"] for call in worker.calls] == [("two",), ("one",)]
    assert (worker.calls[0]["page"], worker.calls[0]["password"]) == (2, "secret")


@pytest.mark.parametrize("reason", ["memory", "crash", "time"])
def test_a_file_that_took_its_worker_down_is_not_tried_again(reason):
    worker = Worker(WorkerDiedError(reason))
    pages = images(worker)

    for _ in range(2):
        with pytest.raises(TooHeavyError):
            pages.image("d", 1, [])
    assert len(worker.calls) == 1
