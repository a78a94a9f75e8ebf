"""Scanned documents: recognised on request where Tesseract is installed, and told apart from what was written."""

import shutil
import threading
from pathlib import Path

import pytest

from ingestion.load import ocr
from ingestion.prepare import prepare
from kb_app.app import build_app
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings

FIXTURES = Path(__file__).parents[3] / "ingestion" / "fixtures"


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def picture_of_text(path):
    """Write a PDF of one picture of two lines of text."""
    import pypdfium2
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    written = path.with_name("written.pdf")
    canvas = Canvas(str(written), pagesize=(400, 200))
    canvas.setFont("Helvetica", 20)
    canvas.drawString(40, 120, "Bicycle chains need oil")
    canvas.drawString(40, 80, "every two hundred miles")
    canvas.save()
    document = pypdfium2.PdfDocument(written)
    image = document[0].render(scale=3).to_pil()
    document.close()
    canvas = Canvas(str(path), pagesize=(400, 200))
    canvas.drawImage(ImageReader(image), 0, 0, 400, 200)
    canvas.save()
    return path


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs Tesseract")
def test_a_scanned_document_is_recognised_on_request_only_and_says_so(app, tmp_path):
    base = app.library.create("b")
    file = picture_of_text(tmp_path / "scan.pdf")
    (job,) = app.jobs.wait(app.library.add_files(base.id, [Upload(name="scan.pdf", data=file)]))
    assert (job.state, job.error.code) == ("failed", "scanned")
    (job,) = app.jobs.wait(app.library.retry([job.document_id], ocr=True))
    assert (job.state, job.error) == ("ready", None)
    text = app.library.text(job.document_id).text
    assert "Bicycle chains need oil" in text
    assert "two hundred miles" in text
    assert ocr.OCR_WARNING in app.library.document(job.document_id).warnings
    app.jobs.wait(app.library.reindex(base.id))
    (document,) = app.library.documents(base.id)
    assert (document.status, document.warnings) == ("ready", (ocr.OCR_WARNING,))


def test_without_tesseract_it_is_said(app, tmp_path, monkeypatch):
    base = app.library.create("b")
    (job,) = app.jobs.wait(app.library.add_files(base.id, [Upload(name="s.pdf", data=FIXTURES / "scanned.pdf")]))
    monkeypatch.setattr("kb_app.services.indexing.ingesting.prepare_limited", in_this_process)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not ocr.is_ocr_available()
    (job,) = app.jobs.wait(app.library.retry([job.document_id], ocr=True))
    assert (job.state, job.error.code) == ("failed", "ocr_missing")


def in_this_process(data, name, options, *, on_progress):
    """Stand in for the worker process, whose PATH was set when it was started."""
    return prepare(data, name, options, on_progress=on_progress)


def test_pages_that_can_be_read_are_not_recognised(monkeypatch):
    from ingestion.models import LoadLimits

    monkeypatch.setattr(ocr, "is_ocr_available", lambda: True)
    monkeypatch.setattr(ocr, "_recognise", lambda picture: pytest.fail("nothing to recognise"))
    loaded = ocr.load_by_ocr((FIXTURES / "two_pages.pdf").read_bytes(), "a.pdf", limits=LoadLimits())
    assert len(loaded.pages) == 2
    assert all(page.text.strip() for page in loaded.pages)


def wanting_ocr(app):
    base = app.library.create("b")
    return app.library.configure(base.id, chunk_size_units=300, chunk_overlap_units=60, rules_off=[], ocr=True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs Tesseract")
def test_a_base_that_wants_it_recognises_scans_without_being_asked(app, tmp_path):
    base = wanting_ocr(app)
    file = picture_of_text(tmp_path / "scan.pdf")
    uploads = [Upload(name="scan.pdf", data=file), Upload(name="a.txt", data=b"Some words.")]
    batch = app.library.add_files(base.id, uploads)
    assert {(job.name, job.state) for job in app.jobs.wait(batch)} == {("scan.pdf", "ready"), ("a.txt", "ready")}
    scan = next(one for one in app.library.documents(base.id) if one.name == "scan.pdf")
    assert (scan.status, scan.warnings) == ("ready", (ocr.OCR_WARNING,))


def test_a_base_that_wants_it_still_says_scanned_without_tesseract(app, tmp_path, monkeypatch):
    base = wanting_ocr(app)
    assert base.ocr
    monkeypatch.setenv("PATH", str(tmp_path))
    (job,) = app.jobs.wait(app.library.add_files(base.id, [Upload(name="s.pdf", data=FIXTURES / "scanned.pdf")]))
    assert (job.state, job.error.code) == ("failed", "scanned")


@pytest.mark.slow
def test_a_file_that_takes_long_holds_up_no_other(app, monkeypatch):
    released = threading.Event()

    def read(data, name, options, *, on_progress):
        assert name != "slow.txt" or released.wait(60)
        return prepare(data, name, options)

    monkeypatch.setattr("kb_app.services.indexing.ingesting.prepare_limited", read)
    monkeypatch.setattr("kb_app.services.indexing.groups.GROUP_AGE_S", 0.0)
    base = app.library.create("b")
    slow = app.library.add_files(base.id, [Upload(name="slow.txt", data=b"Slow words.")])
    others = [Upload(name=f"{n}.txt", data=f"Words number {n}.".encode()) for n in range(5)]
    for upload in others:
        (job,) = app.jobs.wait(app.library.add_files(base.id, [upload]))
        assert job.state == "ready"
    assert app.jobs.batch(slow)[0].state == "running"
    released.set()
    assert app.jobs.wait(slow)[0].state == "ready"
