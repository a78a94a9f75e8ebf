"""Passwords, settings, previews, web pages, pausing and watched folders, as a user meets them on the page."""

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
from locked_zips import encrypted
from page_reading import Open, shown_text, wait_for_jobs

from ingestion.load.ocr import is_ocr_available
from kb_app.app import App
from kb_app.services.documents.library import Upload
from kb_app.ui import jobs

ENCRYPTED = Path(__file__).parents[1] / "ingestion" / "fixtures" / "encrypted.pdf"
NOTES = "# Ferries\n\nThe ferry leaves at nine. It takes forty minutes to reach the island.\n"


def said(page) -> str:
    return shown_text(page).replace("\\", "")


def test_a_protected_file_is_unlocked_from_the_list(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="a.pdf", data=ENCRYPTED)]))
    page = open_page("knowledge_bases")
    assert "protected by a password" in said(page)
    page.button(key="unlock_documents").click().run()
    page.text_input(key="document_password_text").set_value("柿子2026")
    page.button(key="dialog_submit").click().run()
    wait_for_jobs(app, base.id)
    page.run()
    assert [document.status for document in app.library.documents(base.id)] == ["ready"]
    assert "protected by a password" not in said(page)
    assert "unlock_documents" not in {button.key for button in page.button}
    assert not page.exception


def test_settings_are_saved_and_offer_to_index_anew(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="ferry.md", data=NOTES.encode())]))
    page = open_page("knowledge_bases")
    assert "earlier settings" not in said(page)
    page.button(key="ask_base_settings").click().run()
    page.number_input(key="base_chunk_size").set_value(150)
    page.number_input(key="base_chunk_overlap").set_value(100)
    page.button(key="dialog_submit").click().run()
    assert "overlap must be between 0 and 75" in page.error[0].value
    page.number_input(key="base_chunk_overlap").set_value(20)
    page.checkbox(key="rule_fold_compatibility").uncheck()
    page.button(key="dialog_submit").click().run()
    changed = app.library.base(base.id)
    assert (changed.chunk_size_units, changed.chunk_overlap_units) == (150, 20)
    assert changed.rules_off == ("fold_compatibility",)
    assert "1 document was read with earlier settings" in said(page)
    page.button(key="reindex_outdated").click().run()
    wait_for_jobs(app, base.id)
    page.run()
    assert "earlier settings" not in said(page)
    assert not page.exception


def test_a_preview_shows_the_cut_before_anything_is_stored(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    page = open_page("knowledge_bases")
    text = NOTES + "".join(f"\n## Part {n}\n\n" + f"Sentence of part {n}. " * 40 for n in range(15))
    page.file_uploader(key=f"preview_{base.id}_0").set_value(("ferry.md", text.encode(), "text/markdown")).run()
    assert "Ferries › Part 0" in said(page)
    assert "The ferry leaves at nine." in said(page)
    assert "Ferries › Part 14" not in said(page)
    page.number_input(key="preview_first").set_value(16).run()
    assert "Ferries › Part 14" in said(page)
    assert app.library.documents(base.id) == []
    page.button(key="add_previewed").click().run()
    wait_for_jobs(app, base.id)
    assert [document.name for document in app.library.documents(base.id)] == ["ferry.md"]
    page.file_uploader(key=f"preview_{base.id}_1").set_value(("empty.txt", b"", "text/plain")).run()
    assert "The file is empty" in page.error[0].value.replace("\\", "")
    assert not page.exception


def test_a_preview_asks_for_the_password(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    page = open_page("knowledge_bases")
    page.file_uploader(key=f"preview_{base.id}_0").set_value(("a.pdf", ENCRYPTED.read_bytes(), "x")).run()
    assert "protected by a password" in page.error[0].value
    page.text_input(key="preview_password").set_value("柿子2026").run()
    assert not page.error
    page.button(key="add_previewed").click().run()
    wait_for_jobs(app, base.id)
    assert [document.status for document in app.library.documents(base.id)] == ["ready"]
    assert not page.exception


def test_a_zip_is_taken_and_what_was_left_out_is_told(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    page = open_page("knowledge_bases")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ferry.md", NOTES)
        archive.writestr("picture.png", b"\x89PNG")
    page.file_uploader[0].set_value([("all.zip", buffer.getvalue(), "application/zip")]).run()
    wait_for_jobs(app, base.id)
    page.run()
    assert [document.name for document in app.library.documents(base.id)] == ["all.zip/ferry.md"]
    assert "1 file in this ZIP is of another kind" in said(page)
    assert not page.exception


def test_a_locked_zip_is_opened_from_the_list_of_additions(
    app: App, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = app.library.create("Trips")
    locked = encrypted(b"1234", **{"ferry.md": NOTES})
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="all.zip", data=locked)]))
    # A button inside a fragment would redraw that alone, and the dialog would never show; AppTest redraws everything.
    # So what would be drawn in a fragment is not drawn at all.
    monkeypatch.setattr(jobs.st, "fragment", lambda **_: lambda _: lambda *_: None)
    page = open_page("knowledge_bases")
    for password, sentence in (("wrong", "The password does not open the file"), ("1234", "")):
        page.button(key="unlock_archives").click().run()
        page.text_input(key="document_password_text").set_value(password)
        monkeypatch.undo()  # now there is work to watch
        page.button(key="dialog_submit").click().run()
        wait_for_jobs(app, base.id)
        page.run()
        assert sentence in said(page)
    assert [document.name for document in app.library.documents(base.id)] == ["all.zip/ferry.md"]
    assert not page.exception


def test_a_private_address_is_refused_with_a_sentence_and_can_be_tried_again(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    page = open_page("knowledge_bases")
    page.text_input(key="page_url").set_value("no address")
    page.button(key="fetch_page").click().run()
    assert "not the address of a web page" in said(page)
    page.text_input(key="page_url").set_value("http://127.0.0.1:9/x")
    page.button(key="fetch_page").click().run()
    wait_for_jobs(app, base.id)
    page.run()
    assert "127.0.0.1 is inside a private network" in said(page)
    page.button(key="retry_jobs").click().run()
    wait_for_jobs(app, base.id)
    assert not page.exception


def test_reading_is_paused_and_resumed(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    app.jobs.pause(base.id)
    app.library.add_files(base.id, [Upload(name="ferry.md", data=NOTES.encode())])
    page = open_page("knowledge_bases")
    assert page.button(key="pause_jobs").label == "Go on"
    page.button(key="pause_jobs").click().run()
    wait_for_jobs(app, base.id)
    page.run()
    assert [document.name for document in app.library.documents(base.id)] == ["ferry.md"]
    assert not page.exception


def test_a_folder_is_followed_and_its_changes_are_listed(app: App, open_page: Open, tmp_path: Path) -> None:
    base = app.library.create("Trips")
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "ferry.md").write_text(NOTES)
    os.utime(folder / "ferry.md", (time.time() - 60,) * 2)
    page = open_page("knowledge_bases")
    page.button(key="ask_base_settings").click().run()
    page.text_input(key="base_watch_folder").set_value("nowhere")
    page.button(key="dialog_submit").click().run()
    assert "not a folder that can be watched" in page.error[0].value
    page.text_input(key="base_watch_folder").set_value(str(folder))
    page.button(key="dialog_submit").click().run()
    app.watching.look()
    wait_for_jobs(app, base.id)
    page.run()
    assert "`A` ferry.md" in said(page)
    assert [document.name for document in app.library.documents(base.id)] == ["ferry.md"]
    assert not page.exception


def test_recognising_text_is_offered_for_scans_only(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    scanned = ENCRYPTED.with_name("scanned.pdf")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="ferry.md", data=NOTES.encode())]))
    page = open_page("knowledge_bases")
    assert "ocr_documents" not in {button.key for button in page.button}
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="s.pdf", data=scanned)]))
    page.run()
    button = page.button(key="ocr_documents")
    assert button.label == "Recognise text (1)"
    assert button.disabled == (not is_ocr_available())
    assert not page.exception


def test_tags_are_given_to_the_selected_documents_and_found_by(app: App, open_page: Open) -> None:
    base = app.library.create("Trips")
    uploads = [Upload(name=f"{name}.md", data=f"{NOTES}{name}".encode()) for name in ("ferry", "train", "bus")]
    app.jobs.wait(app.library.add_files(base.id, uploads))
    page = open_page("knowledge_bases")
    assert "tag_documents" not in {button.key for button in page.button}
    for document in app.library.documents(base.id)[:2]:
        page.checkbox(key=f"document_{document.id}").check().run()
    page.button(key="tag_documents").click().run()
    page.multiselect(key="document_tags_chosen").set_value(["island *2026*"])
    page.button(key="dialog_submit").click().run()
    assert {one.name: one.tags for one in app.library.documents(base.id)} == {
        "bus.md": ("island *2026*",),
        "ferry.md": ("island *2026*",),
        "train.md": (),
    }
    assert "island \\*2026\\*" in shown_text(page)
    page.text_input(key="document_search").set_value("ISLAND").run()
    assert "train.md" not in said(page)
    page.button(key="tag_documents").click().run()
    page.multiselect(key="document_tags_chosen").set_value([])
    page.button(key="dialog_submit").click().run()
    assert app.tagging.counts([base.id]) == {}
    assert not page.exception
