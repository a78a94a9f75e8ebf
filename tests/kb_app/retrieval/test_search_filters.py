"""Searches limited to some documents, over a real database and keyword index."""

from dataclasses import replace

import pytest

from kb_app.app import build_app
from kb_app.models import SearchFilters
from kb_app.services.documents.library import Upload
from kb_app.settings import load_settings

CROWD = 60
QUESTION = "How warm is the brood nest of the bees?"


@pytest.fixture(scope="module")
def bees(tmp_path_factory):
    """A base in which 60 notes match the question better than the two files at the end."""
    with build_app(load_settings(tmp_path_factory.mktemp("bees")), owner=True) as app:
        base = app.library.create("Bees")
        notes = [
            Upload(name=f"note-{number}.md", data=f"The brood nest of the bees is warm in hive {number}.".encode())
            for number in range(CROWD)
        ]
        rare = [
            Upload(name="LETTER.TXT", data=b"Dear friend, my bees sleep. Much else happened here this long winter."),
            Upload(name="100%.txt", data=b"Nobody had seen the bees in the orchard since the autumn storms came."),
        ]
        app.jobs.wait(app.library.add_files(base.id, [*notes, *rare]))
        yield app, base.id


def names(bees, filters, **more):
    app, base_id = bees
    found = app.retriever.retrieve(QUESTION, [base_id], filters=filters, **more)
    return {hit.chunk.document_name for hit in found.hits}


def test_a_filter_finds_what_fifty_better_passages_would_crowd_out(bees):
    assert not names(bees, None, top_k=50) & {"LETTER.TXT", "100%.txt"}
    assert names(bees, SearchFilters(endings=(".txt",))) == {"LETTER.TXT", "100%.txt"}


def test_documents_types_and_dates_limit_a_search(bees):
    app, base_id = bees
    letter = next(one for one in app.library.documents(base_id) if one.name == "LETTER.TXT")
    assert names(bees, SearchFilters(document_ids=frozenset({letter.id}))) == {"LETTER.TXT"}
    assert "LETTER.TXT" in names(bees, SearchFilters(media_types=(letter.media_type,)))
    assert names(bees, SearchFilters(added_from="2999-01-01")) == set()
    assert names(bees, SearchFilters(added_before="2000-01-01")) == set()
    assert len(names(bees, SearchFilters(added_from="2000-01-01", added_before="2999-01-01"))) == 8
    assert names(bees, SearchFilters(endings=(".%",))) == set()
    assert names(bees, SearchFilters(endings=(".txt",), document_ids=frozenset({"no such"}))) == set()


def test_nothing_left_by_the_filters_is_nothing_found(bees):
    app, base_id = bees
    result = app.retriever.retrieve(QUESTION, [base_id], filters=SearchFilters(endings=(".pdf",)))
    assert (result.hits, result.found, result.confidence) == ((), False, 0.0)


def test_no_filter_changes_nothing(bees):
    app, base_id = bees
    plain = app.retriever.retrieve(QUESTION, [base_id])
    assert replace(app.retriever.retrieve(QUESTION, [base_id], filters=SearchFilters()), elapsed_s=0) == replace(
        plain, elapsed_s=0
    )


def test_one_document_may_be_kept_from_filling_the_list(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        base = app.library.create("Long")
        sections = "\n\n".join(f"# Part {n}\n\n" + f"Bees of kind {n} fly far. " * 60 for n in range(6))
        other = b"# Other\n\nBees are kept by beekeepers in many countries."
        uploads = [Upload(name="long.md", data=sections.encode()), Upload(name="other.md", data=other)]
        app.jobs.wait(app.library.add_files(base.id, uploads))
        hits = app.retriever.retrieve("bees", [base.id], filters=SearchFilters(per_document=1)).hits
        assert sorted(hit.chunk.document_name for hit in hits) == ["long.md", "other.md"]
        assert len(app.retriever.retrieve("bees", [base.id]).hits) > 2
