"""Options of a base: sizes and cleaning rules, what a change means for its documents, and the preview."""

import pytest

from ingestion.errors import DamagedError
from ingestion.load import LOADER_VERSION
from kb_app.app import build_app
from kb_app.errors import ChunkOverlapError, ChunkSizeError, NotFoundError
from kb_app.services.documents import options
from kb_app.services.documents.intake import Upload
from kb_app.services.indexing import reindexing
from kb_app.settings import load_settings

SENTENCES = "".join(f"第{number}句话讲的是龙井茶的采摘与炒制工艺，内容各不相同。\n" for number in range(60))
FULL_WIDTH = "ＡＢＣ１２３ full width letters."


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def add(app, base, name, text):
    (job,) = app.jobs.wait(app.library.add_files(base.id, [Upload(name=name, data=text.encode())]))
    return job


def configure(app, base, size=300, overlap=60, rules_off=()):
    return app.library.configure(base.id, chunk_size_units=size, chunk_overlap_units=overlap, rules_off=rules_off)


def test_a_change_is_kept_says_what_it_leaves_outdated_and_reindexing_applies_it(app):
    base = app.library.create("b")
    first = add(app, base, "tea.txt", SENTENCES)
    assert app.library.outdated(base.id) == 0
    changed = configure(app, base, size=100, overlap=20)
    assert (changed.chunk_size_units, changed.chunk_overlap_units) == (100, 20)
    assert app.library.outdated(base.id) == 1
    app.jobs.wait(app.library.reindex(base.id))
    (document,) = app.library.documents(base.id)
    assert document.chunk_count > 2 * first.chunk_count
    assert app.library.outdated(base.id) == 0


def test_new_documents_are_read_with_the_new_options_and_only_old_ones_are_outdated(app):
    base = app.library.create("b")
    add(app, base, "old.txt", FULL_WIDTH)
    configure(app, base, rules_off=["fold_compatibility", "no_such_rule"])
    assert app.library.base(base.id).rules_off == ("fold_compatibility",)
    new = add(app, base, "new.txt", "新的 " + FULL_WIDTH)
    assert "ＡＢＣ１２３" in app.library.text(new.document_id).text
    assert app.library.outdated(base.id) == 1
    configure(app, base)
    assert app.library.outdated(base.id) == 1, "now it is the other one"


def test_documents_read_by_an_older_loader_are_offered_reading_anew(app, monkeypatch):
    base = app.library.create("b")
    add(app, base, "tea.txt", SENTENCES)
    for module in (options, reindexing):
        monkeypatch.setattr(module, "LOADER_VERSION", LOADER_VERSION + 1)
    assert app.library.outdated(base.id) == 1
    app.jobs.wait(app.library.reindex(base.id))
    assert app.library.outdated(base.id) == 0


def test_sizes_that_make_no_sense_are_refused(app):
    base = app.library.create("b")
    for size in (99, 2001):
        with pytest.raises(ChunkSizeError):
            configure(app, base, size=size, overlap=0)
    for overlap in (-1, 151):
        with pytest.raises(ChunkOverlapError):
            configure(app, base, overlap=overlap)
    with pytest.raises(NotFoundError):
        app.library.configure("gone", chunk_size_units=300, chunk_overlap_units=60, rules_off=())
    assert app.library.base(base.id).chunk_size_units == 300


def test_a_preview_shows_the_cut_and_stores_nothing(app):
    base = app.library.create("b")
    configure(app, base, size=100, overlap=0, rules_off=["fold_compatibility"])
    prepared = app.library.preview(f"# 绿茶\n\n{SENTENCES}\n\n{FULL_WIDTH}".encode(), "tea.md", base.id)
    assert len(prepared.chunks) > 10
    assert prepared.chunks[0].heading == ("绿茶",)
    assert "ＡＢＣ１２３" in prepared.document.text
    with pytest.raises(DamagedError):
        app.library.preview(b"%PDF-1.7\nnot a pdf\n%%EOF", "a.pdf", base.id)
    assert app.library.documents(base.id) == []
    assert app.jobs.recent(base.id) == []
    assert not (app.settings.data_dir / "originals").exists()
