"""Search test as a reader meets it: hits, reasons, filters, comparison, the passage in its document."""

from datetime import date, timedelta

import pytest
from page_reading import Open, shown_text
from streamlit.testing.v1 import AppTest

from kb_app.app import App
from kb_app.messages import LANGUAGES, Language, translate
from kb_app.services.documents.library import Upload

QUESTION = "At which temperature do bees keep the brood?"


def add_bees(app: App) -> str:
    base = app.library.create("Bees")
    uploads = [
        Upload(name="bees.md", data=b"# Brood\n\nBees keep <b>their brood</b> at 35 degrees of temperature."),
        Upload(name="wasps.txt", data=b"Wasps keep no brood in winter, whatever the temperature."),
    ]
    app.jobs.wait(app.library.add_files(base.id, uploads))
    return base.id


@pytest.fixture
def base_id(app: App) -> str:
    return add_bees(app)


def html_of(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def ask(page: AppTest, question: str = QUESTION) -> AppTest:
    page.text_input(key="search_query").input(question).run()
    assert not page.exception
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_shows_its_hits_and_why(app: App, open_page: Open, language: Language) -> None:
    page = open_page("search", lang=language)
    add_bees(app)
    ask(page.run())
    text = shown_text(page)
    assert translate(language, "ui.search.found") in text
    assert text.index("bees") < text.index("wasps")
    html = html_of(page)
    assert "<mark>brood</mark>" in html
    assert "&lt;b&gt;" in html
    assert translate(language, "ui.search.part_bm25") in html
    assert translate(language, "ui.search.part_dense") not in html


def test_a_question_the_base_does_not_answer_says_so_and_shows_the_nearest(base_id: str, open_page: Open) -> None:
    page = ask(open_page("search"), "Which opera did the young composer write about winter in Vienna?")
    assert translate("en", "ui.search.not_found") in shown_text(page)
    assert "wasps" in shown_text(page)


def test_filters_leave_the_other_documents_out(base_id: str, open_page: Open) -> None:
    page = ask(open_page("search"))
    page.toggle(key="search_filters").set_value(True).run()
    page.multiselect(key="search_endings").select(".txt").run()
    text = shown_text(page)
    assert "wasps" in text
    assert "bees" not in text
    page.multiselect(key="search_endings").unselect(".txt").run()
    page.date_input(key="search_from").set_value(date.today() + timedelta(days=30)).run()
    assert not page.exception
    assert any(info.value == translate("en", "ui.search.nothing") for info in page.info)


def test_two_settings_stand_side_by_side(app: App, base_id: str, open_page: Open) -> None:
    other = app.library.create("Birds")
    app.jobs.wait(app.library.add_files(other.id, [Upload(name="storks.md", data=b"Storks keep a brood of three.")]))
    page = ask(open_page("search"))
    page.toggle(key="search_compare").set_value(True).run()
    page.number_input(key="search_top_k_a").set_value(1).run()
    page.multiselect(key="search_bases_b").unselect(base_id).run()
    assert not page.exception
    keys = [button.key for button in page.button if button.key and button.key.startswith("open_search_")]
    assert keys == ["open_search_a_1", "open_search_b_1"]
    assert shown_text(page).index("bees") < shown_text(page).index("storks")


def test_a_hit_opens_in_its_document(base_id: str, open_page: Open) -> None:
    page = ask(open_page("search"))
    page.button(key="open_search_a_1").click().run()
    assert not page.exception
    assert any(button.key == "passage_download" for button in page.get("download_button"))


def test_no_base_picked_and_no_documents_are_said(app: App, open_page: Open) -> None:
    assert translate("en", "ui.search.no_documents") in shown_text(open_page("search"))


def test_without_a_base_there_is_nothing_to_search(base_id: str, open_page: Open) -> None:
    page = open_page("search")
    page.multiselect(key="search_bases_a").unselect(base_id).run()
    assert translate("en", "ui.chat.pick_base") in shown_text(ask(page))


def test_a_right_passage_is_marked_for_the_evaluation_and_unmarked(app: App, base_id: str, open_page: Open) -> None:
    page = ask(open_page("search"))
    first = app.retriever.retrieve(QUESTION, [base_id]).hits[0].chunk
    page.button(key="mark_search_a_1").click().run()
    assert app.evaluation.marked_chunks(base_id, QUESTION) == {first.id}
    assert translate("en", "ui.search.marked") in page.button(key="mark_search_a_1").label
    page.button(key="mark_search_a_1").click().run()
    assert app.evaluation.marked_chunks(base_id, QUESTION) == frozenset()


def test_tags_limit_the_search_and_a_misspelt_word_is_told(app: App, base_id: str, open_page: Open) -> None:
    wasps = next(one for one in app.library.documents(base_id) if one.name == "wasps.txt")
    app.tagging.change(base_id, [wasps.id], add={"winter"})
    page = ask(open_page("search"), "What temprature do bees keep?")
    assert "temperatur" in shown_text(page)
    page.toggle(key="search_filters").set_value(True).run()
    page.multiselect(key="search_tags").set_value(["winter"]).run()
    assert "bees.md" not in [hit for hit in shown_text(page).split() if "bees" in hit]
    assert page.button(key="mark_search_a_1")
