"""Tags: given in bulk, kept by a new version and a re-index, gone with the document, and limits of a search."""

import pytest

from kb_app.app import build_app
from kb_app.errors import TagError
from kb_app.models import SearchFilters
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def add(app, base_id, **files):
    uploads = [Upload(name=f"{name}.txt", data=text.encode()) for name, text in files.items()]
    app.jobs.wait(app.library.add_files(base_id, uploads))


def tags(app, base_id):
    return {document.name: document.tags for document in app.library.documents(base_id)}


def test_tags_outlive_a_new_version_and_a_reindex_but_not_the_document(app):
    base, other = app.library.create("茶"), app.library.create("b")
    add(app, base.id, green="Green tea wants eighty degrees.", black="Black tea wants boiling water.")
    add(app, other.id, green="Another green tea.")
    ids = [document.id for document in app.library.documents(base.id)]
    app.tagging.change(base.id, ids, add=["  hot \n drinks ", "茶"])
    app.tagging.change(base.id, ids[:1], add=["茶"], remove=["hot drinks", "never there"])
    assert tags(app, base.id) == {"black.txt": ("茶",), "green.txt": ("hot drinks", "茶")}
    assert tags(app, other.id) == {"green.txt": ()}
    assert app.tagging.counts([base.id, other.id]) == {"hot drinks": 1, "茶": 2}
    add(app, base.id, green="Green tea wants seventy degrees.")
    app.jobs.wait(app.library.reindex(base.id))
    documents = {document.name: document.id for document in app.library.documents(base.id)}
    assert app.library.document(documents["green.txt"]).tags == ("hot drinks", "茶")
    app.library.remove(base.id, [documents["green.txt"]])
    add(app, base.id, green="Green tea once more.")
    assert tags(app, base.id) == {"black.txt": ("茶",), "green.txt": ()}


def test_a_search_is_limited_to_documents_with_one_of_the_tags(app):
    base = app.library.create("b")
    add(app, base.id, **{f"note{n}": f"The tea of hill {n} is green." for n in range(3)})
    ids = {document.name: document.id for document in app.library.documents(base.id)}
    app.tagging.change(base.id, [ids["note0.txt"]], add=["a"])
    app.tagging.change(base.id, [ids["note1.txt"]], add=["a", "b"])

    def found(*wanted):
        hits = app.retriever.retrieve("green tea", [base.id], filters=SearchFilters(tags=wanted)).hits
        return {hit.chunk.document_name for hit in hits}

    assert found("a") == {"note0.txt", "note1.txt"}
    assert found("b", "never given") == {"note1.txt"}
    assert found("never given") == set()
    assert len(found()) == 3


@pytest.mark.parametrize("tag", ["", " \n", "x" * 41, "a\x00b"])
def test_what_is_no_label_is_refused_and_changes_nothing(app, tag):
    base = app.library.create("b")
    add(app, base.id, note="Some words.")
    (document,) = app.library.documents(base.id)
    with pytest.raises(TagError):
        app.tagging.change(base.id, [document.id], add=["fine", tag])
    assert tags(app, base.id) == {"note.txt": ()}
