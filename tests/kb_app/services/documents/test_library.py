"""The library with everything real: database, originals, worker processes, keyword index and Chroma."""

import hashlib
import shutil
import unicodedata

import pytest
from waiting import until

from kb_app.app import build_app
from kb_app.errors import DiskFullError, DuplicateNameError, InvalidNameError, NotFoundError, StorageError
from kb_app.models import KEPT_WARNING
from kb_app.services.documents.intake import Upload, clean_document_name
from kb_app.settings import load_settings


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def add(app, base, **files):
    uploads = [Upload(name=name.replace("_", "."), data=data) for name, data in files.items()]
    return app.jobs.wait(app.library.add_files(base.id, uploads))


def documents_found(app, base, question):
    return {hit.chunk.document_name for hit in app.retriever.retrieve(question, [base.id]).hits}


TEA = "# 龙井茶\n\n龙井茶产于杭州西湖，是中国十大名茶之一。冲泡水温以八十度为宜。\n".encode()
TEA_CHANGED = "# 龙井茶\n\n狮峰山的龙井最为名贵，炒制用青锅与辉锅两道工序。\n".encode()
BIKE = b"Bicycle chains should be oiled every two hundred kilometres in dry weather.\n"


def test_names_in_any_language_are_unique_whatever_their_case_and_width(app):
    base = app.library.create("  我的  知识库 ")
    assert base.name == "我的 知识库"
    assert app.library.find("我的 知识库").id == base.id
    app.library.create("Notes")
    with pytest.raises(DuplicateNameError):
        app.library.create("ＮＯＴＥＳ")
    for bad in ("", "   ", "x" * 101, "a\x00b"):
        with pytest.raises(InvalidNameError):
            app.library.create(bad)
    renamed = app.library.rename(base.id, "新名字")
    assert (renamed.id, renamed.name) == (base.id, "新名字")
    with pytest.raises(DuplicateNameError):
        app.library.rename(base.id, "notes")


def test_a_document_goes_in_is_found_and_is_shown_where_it_was_found(app):
    base = app.library.create("茶")
    (job,) = add(app, base, tea_md=TEA, bike_txt=BIKE)[:1]
    assert (job.state, job.chunk_count > 0, job.char_count > 0) == ("ready", True, True)
    hit = app.retriever.retrieve("龙井茶的水温是多少", [base.id]).hits[0].chunk
    assert (hit.document_name, hit.heading) == ("tea.md", ("龙井茶",))
    shown = app.library.text(hit.document_id)
    assert shown.text[hit.start : hit.end] == hit.text
    assert app.library.base(base.id).document_count == 2
    assert app.library.original(hit.document_id).read_bytes() == TEA


def test_a_document_that_is_only_a_heading_is_no_topic(app):
    base = app.library.create("topics")
    add(app, base, tea_md=TEA, empty_md=b"# Caublazer\n")
    assert app.library.topics(app.library.bases()) == ("龙井茶",)


def test_the_same_bytes_are_unchanged_whatever_their_name(app):
    base = app.library.create("茶")
    (first,) = add(app, base, tea_md=TEA)
    (again,) = add(app, base, tea_md=TEA)
    (other,) = add(app, base, copy_md=TEA)
    assert (again.state, again.document_id) == ("unchanged", first.document_id)
    assert (other.state, other.document_id) == ("unchanged", first.document_id)
    twice = add(app, base, a_txt=BIKE, b_txt=BIKE)
    assert [job.state for job in twice] == ["ready", "unchanged"]
    assert len(app.library.documents(base.id)) == 2


def test_new_bytes_of_the_same_name_replace_the_old_which_never_answers_again(app):
    base = app.library.create("茶")
    (old,) = add(app, base, tea_md=TEA)
    old_file = app.library.original(old.document_id)
    (new,) = add(app, base, tea_md=TEA_CHANGED)
    assert new.state == "replaced"
    assert [document.id for document in app.library.documents(base.id)] == [new.document_id]
    hits = app.retriever.retrieve("龙井茶冲泡水温八十度", [base.id]).hits
    assert {hit.chunk.document_id for hit in hits} <= {new.document_id}
    assert not old_file.exists()
    with pytest.raises(NotFoundError):
        app.library.text(old.document_id)
    assert app.doctor.run()[3].ok


def test_a_name_never_answers_with_bytes_it_no_longer_has(app):
    base = app.library.create("茶")
    add(app, base, f_md=TEA, g_md=TEA_CHANGED)
    (job,) = add(app, base, f_md=TEA_CHANGED)  # the bytes of g.md under the name of f.md
    assert job.state == "replaced"
    texts = {d.name: app.library.text(d.id).text for d in app.library.documents(base.id)}
    assert texts["f.md"] == texts["g.md"] == TEA_CHANGED.decode()


def test_a_document_removed_while_its_group_is_stored_fails_no_other(app, monkeypatch):
    base = app.library.create("茶")
    store = app._worker._ingester._documents
    add_documents = store.add

    def add_and_lose_one(documents):
        replaced = add_documents(documents)
        app.library.remove(base.id, [document.id for document in documents if document.new.name == "tea.md"])
        return replaced

    monkeypatch.setattr(store, "add", add_and_lose_one)
    jobs = add(app, base, tea_md=TEA, bike_txt=BIKE)
    assert [job.state for job in jobs] == ["ready", "ready"]
    assert [document.name for document in app.library.documents(base.id)] == ["bike.txt"]


@pytest.mark.parametrize("method", ["finish", "finish_all"])
def test_jobs_go_on_when_a_full_disk_has_room_again(app, monkeypatch, method):
    monkeypatch.setattr("kb_app.services.indexing.worker._PAUSE_S", 0.01)
    base = app.library.create("茶")
    finish, refusals = getattr(app._worker._jobs, method), iter(range(2))
    refused = []

    def refuse_for_a_while(*arguments, **values):
        if next(refusals, None) is not None:
            refused.append(arguments)
            raise DiskFullError("disk is full")
        finish(*arguments, **values)

    monkeypatch.setattr(app._worker._jobs, method, refuse_for_a_while)
    # The same bytes once more: what was read before has to be stored first, while the new one is taken.
    jobs = add(app, base, tea_md=TEA, bike_txt=BIKE, copy_txt=BIKE)
    assert refused
    assert {job.state for job in jobs} <= {"ready", "unchanged"}
    assert {document.name for document in app.library.documents(base.id)} == {"tea.md", "bike.txt"}


def test_a_group_the_database_refuses_leaves_nothing_in_the_indexes(app, monkeypatch):
    base = app.library.create("茶")
    store = app._worker._ingester._documents

    def refuse(documents):
        raise StorageError("no", problem="no")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add", refuse)
        assert [job.error.code for job in add(app, base, tea_md=TEA)] == ["storage"]
    assert [job.state for job in add(app, base, bike_txt=BIKE)] == ["ready"]
    until(lambda: not app.jobs.active())
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)


def test_a_broken_replacement_leaves_the_old_one_answering(app):
    base = app.library.create("茶")
    add(app, base, tea_md=TEA)
    (job,) = add(app, base, tea_md=b"")
    assert (job.state, job.error.code) == ("failed", "empty_file")
    assert documents_found(app, base, "龙井茶产于哪里") == {"tea.md"}
    assert [document.status for document in app.library.documents(base.id)] == ["ready"]


def test_bad_files_fail_one_by_one_and_the_others_go_on(app, tmp_path):
    base = app.library.create("杂")
    missing = Upload(name="missing.txt", data=tmp_path / "not-there.txt")
    uploads = [
        Upload(name="empty.txt", data=b""),
        Upload(name="binary.txt", data=bytes(range(256)) * 40),
        Upload(name="broken.pdf", data=b"%PDF-1.7\nthis is not a pdf at all\n%%EOF"),
        Upload(name="page.pdf", data=b"<!DOCTYPE html><html><body>404 Not Found</body></html>"),
        Upload(name="movie.xyz", data=b"plain enough"),
        missing,
        Upload(name="gb.txt", data="冬天骑行要注意保暖，链条也要经常上油。".encode("gb18030")),
        Upload(name="good.txt", data=BIKE),
    ]
    jobs = app.jobs.wait(app.library.add_files(base.id, uploads))
    assert {job.name: job.error.code for job in jobs if job.error} == {
        "empty.txt": "empty_file",
        "binary.txt": "binary",
        "broken.pdf": "damaged",
        "page.pdf": "not_a_pdf",
        "movie.xyz": "unsupported",
        "missing.txt": "cannot_open",
    }
    assert {job.name for job in jobs if job.state == "ready"} == {"gb.txt", "good.txt"}
    assert documents_found(app, base, "冬天骑行保暖") == {"gb.txt"}
    shown = {document.name: document.error and document.error.code for document in app.library.documents(base.id)}
    assert shown["broken.pdf"] == "damaged"
    assert shown["good.txt"] is None


def test_a_failed_replacement_can_be_tried_again_after_a_restart(tmp_path):
    settings = load_settings(tmp_path / "data")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        add(app, base, tea_md=TEA)
        (job,) = add(app, base, tea_md=b" \n ")
        assert (job.state, job.document_id) == ("failed", None)
    with build_app(settings, owner=True) as app:
        assert app._worker._ingester._originals.read(hashlib.sha256(b" \n ").hexdigest()) == b" \n "
        app.jobs.dismiss(base.id)
    with build_app(settings, owner=True) as app:
        assert len([path for path in (settings.data_dir / "originals").rglob("*") if path.is_file()]) == 1


def test_a_file_over_the_limit_is_refused_without_being_kept(tmp_path):
    with build_app(load_settings(tmp_path / "data", max_upload_mb=1), owner=True) as app:
        base = app.library.create("b")
        (job,) = add(app, base, big_txt=b"x" * 1_000_001)
        assert (job.state, job.error.code, job.error.params) == ("failed", "file_too_large", {"limit_mb": 1})
    assert not (tmp_path / "data" / "originals").exists()


def test_a_failed_file_can_be_read_again_from_its_original(app):
    base = app.library.create("b")
    (job,) = add(app, base, empty_txt=b"  \n ")
    assert job.error.code == "no_text"
    (again,) = app.jobs.wait(app.library.retry([job.document_id]))
    assert again.error.code == "no_text"
    assert len(app.library.documents(base.id)) == 1


def test_removed_documents_and_bases_are_gone_everywhere(app):
    base = app.library.create("茶")
    tea, bike = add(app, base, tea_md=TEA, bike_txt=BIKE)
    original = app.library.original(tea.document_id)
    assert app.library.remove(base.id, [tea.document_id, "unknown"]) == 1
    assert "tea.md" not in documents_found(app, base, "龙井茶产于杭州")
    assert not original.exists()
    until(lambda: not app.jobs.active())
    assert app._indexes.differences(base) == (0, 0)
    assert app._indexes.keyword.ids(base.id) == {chunk.id for chunk in app.library.chunks(bike.document_id)}
    app.library.delete(base.id)
    assert app.library.bases() == []
    until(lambda: not app.jobs.active())
    with pytest.raises(NotFoundError):
        app.library.living([base.id])
    assert app._indexes._chroma.base_ids() == set()
    assert [path for path in (app.settings.data_dir / "originals").rglob("*") if path.is_file()] == []
    assert not list((app.settings.data_dir / "index" / "keyword").glob("*"))


def test_reindexing_keeps_every_document_and_its_answers(app):
    base = app.library.create("茶")
    add(app, base, tea_md=TEA, bike_txt=BIKE, empty_txt=b"")
    (job,) = app.jobs.wait(app.library.reindex(base.id))
    assert (job.state, job.done, job.total) == ("ready", 2, 2)
    assert documents_found(app, base, "龙井茶产于杭州") == {"tea.md"}
    assert [document.status for document in app.library.documents(base.id)] == ["ready", "failed", "ready"]
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)


def test_a_document_whose_original_is_lost_is_kept_as_it_was_when_reindexing(app):
    base = app.library.create("茶")
    tea, _ = add(app, base, tea_md=TEA, bike_txt=BIKE)
    app.library.original(tea.document_id).unlink()
    app.jobs.wait(app.library.reindex(base.id))
    assert documents_found(app, base, "龙井茶产于杭州") == {"tea.md"}
    shown = {document.name: (document.status, document.warnings) for document in app.library.documents(base.id)}
    assert shown == {"tea.md": ("ready", (KEPT_WARNING,)), "bike.txt": ("ready", ())}


def test_the_example_base_answers_in_both_languages(app):
    for language in ("zh", "en"):
        jobs = app.jobs.wait(app.library.add_examples(language))
        assert jobs
        assert all(job.state == "ready" for job in jobs)
    names = {base.name for base in app.library.bases()}
    assert len(names) == 2


def test_file_names_never_become_paths():
    assert clean_document_name("../../etc/passwd.pdf") == "etc/passwd.pdf"
    assert clean_document_name("..\\..\\win.ini") == "win.ini"
    assert clean_document_name("/abs/x.md") == "abs/x.md"
    assert clean_document_name("a\x00b\u202e.md") == "ab.md"
    assert clean_document_name("///") == "unnamed"
    assert clean_document_name(unicodedata.normalize("NFD", "é.md")) == "é.md"
    assert len(clean_document_name("x" * 1000 + ".md")) == 400


@pytest.fixture
def filled(tmp_path):
    """A data folder of an app that was closed, with one base."""
    settings = load_settings(tmp_path / "data")
    with build_app(settings, owner=True) as app:
        base = app.library.create("茶")
        add(app, base, tea_md=TEA, bike_txt=BIKE)
    return settings, base


def reopened(settings, base):
    """Open again, wait until the indexes are whole, and return the keys of what was said."""
    with build_app(settings, owner=True) as app:
        until(lambda: app._indexes.vectors_ready)
        assert app._indexes.differences(base) == (0, 0)
        assert documents_found(app, base, "龙井茶产于杭州") == {"tea.md"}
        vector = app.models.embedder("builtin").embed_query("龙井茶产于杭州")
        assert app._indexes.query(base.id, vector, 1)
        return [notice.key for notice in app.notices.current()]


def test_an_undisturbed_folder_is_opened_without_any_repair(filled):
    assert reopened(*filled) == []
    assert reopened(*filled) == []


def test_a_deleted_chroma_folder_is_rebuilt_and_said(filled):
    settings, base = filled
    shutil.rmtree(settings.data_dir / "index" / "chroma")
    assert reopened(settings, base) == ["vectors_distrusted", "vectors_rebuilt"]
    assert reopened(settings, base) == []


def test_every_truncated_index_file_is_noticed_and_repaired(filled):
    settings, base = filled
    index = settings.data_dir / "index"
    names = [path.relative_to(index) for path in index.rglob("*") if path.is_file() and path.stat().st_size > 1]
    names = [name for name in names if name.name not in ("manifest.json",) and not name.name.endswith(".lock")]
    assert len(names) > 5
    for name in names:
        victim = index / name
        if victim.exists():  # a rebuild gives some files other names
            victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
            assert reopened(settings, base), name
    assert reopened(settings, base) == []


def test_a_lost_index_folder_is_rebuilt_whole(filled):
    settings, base = filled
    shutil.rmtree(settings.data_dir / "index")
    assert reopened(settings, base) == ["keyword_rebuilt", "vectors_distrusted", "vectors_rebuilt"]


def test_a_second_process_hands_its_files_to_the_owner_and_can_search(tmp_path):
    settings = load_settings(tmp_path / "data")
    with build_app(settings, owner=True) as owner, build_app(settings) as guest:
        assert (owner.is_owner, guest.is_owner) == (True, False)
        base = guest.library.create("茶")
        (job,) = add(guest, base, tea_md=TEA)
        assert job.state == "ready"
        assert documents_found(guest, base, "龙井茶产于杭州") == {"tea.md"}
        vector = guest.models.embedder("builtin").embed_query("龙井茶产于杭州")
        assert guest._indexes.query(base.id, vector, 1)[0][0] == f"{job.document_id}:0"
        assert guest._indexes._chroma._client is None


def test_an_empty_base_can_be_asked(app):
    base = app.library.create("空")
    retrieval = app.retriever.retrieve("有什么？", [base.id])
    assert (retrieval.hits, retrieval.found) == ((), False)
