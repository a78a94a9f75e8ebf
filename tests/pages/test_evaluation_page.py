"""The evaluation page as a person meets it: questions, a run with its cost, its results, and two runs compared."""

import pytest
from page_reading import Open, shown_text
from streamlit.testing.v1 import AppTest
from waiting import until

from kb_app.app import App
from kb_app.messages import LANGUAGES, Language, translate
from kb_app.models import EvaluationCase, RunSettings
from kb_app.services.documents.library import Upload
from kb_app.services.evaluation.runs import ALL_SETS


@pytest.fixture
def base_id(app: App) -> str:
    base = app.library.create("Bees")
    upload = Upload(name="bees.md", data=b"# Brood\n\nBees keep their brood at 35 degrees of temperature.")
    app.jobs.wait(app.library.add_files(base.id, [upload]))
    return base.id


def add_questions(app: App, base_id: str) -> str:
    made = app.evaluation.create_set(base_id, "Hive")
    question = "At which temperature do bees keep the brood?"
    app.evaluation.add_case(made.id, EvaluationCase(question=question, answers=("35 degrees",)))
    app.evaluation.add_case(made.id, EvaluationCase(question="Who won the world cup?", refuses=True))
    draft = EvaluationCase(question="Written by a model?", answers=("x",), status="draft", origin="generated")
    app.evaluation.add_case(made.id, draft)
    return made.id


def finish(app: App, base_id: str) -> None:
    until(lambda: not any(run.is_active for run in app.evaluation_runs.all(base_id)))


def view(page: AppTest, name: str) -> AppTest:
    page.segmented_control(key="evaluation_view").set_value(name).run()
    assert not page.exception
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_base_it_says_what_to_do(open_page: Open, language: Language) -> None:
    page = open_page("evaluation", lang=language)
    assert translate(language, "ui.evaluation.intro") in shown_text(page)
    assert page.button(key="add_documents")


def test_without_questions_it_says_what_to_do(app: App, open_page: Open) -> None:
    app.library.create("Bees")
    page = open_page("evaluation")
    assert translate("en", "ui.evaluation.cost_empty") in shown_text(page)
    assert page.button(key="start_run").disabled
    assert translate("en", "ui.evaluation.no_sets") in shown_text(view(page, "sets"))
    assert translate("en", "ui.evaluation.compare_needs_two") in shown_text(view(page, "compare"))


def test_a_base_deleted_by_somebody_else_is_said_in_a_sentence(
    app: App, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = app.library.create("Bees")
    app.library.delete(gone.id)
    monkeypatch.setattr(app.library, "bases", lambda: [gone])  # read just before
    page = open_page("evaluation")
    assert not page.exception
    assert translate("en", "error.not_found.message") in page.error[0].value


def test_a_run_shows_its_cost_then_its_results(app: App, base_id: str, open_page: Open) -> None:
    add_questions(app, base_id)
    page = open_page("evaluation", kb=base_id)
    assert "**2** questions; no language model is asked" in shown_text(page)
    page.text_input(key="run_name").input("first")
    page.button(key="start_run").click().run()
    assert not page.exception
    finish(app, base_id)
    page.run()
    text = shown_text(page)
    assert "finished" in text
    assert "Pick a row" in text
    (run,) = app.evaluation_runs.all(base_id)
    assert run.name == "first"
    assert run.summary["contains"].mean == 1.0
    table = page.dataframe[0].value
    assert "Declined rightly" in list(table.iloc[:, 0])
    page.button(key="delete_run").click().run()
    assert app.evaluation_runs.all(base_id) == []


def test_two_runs_are_compared(app: App, base_id: str, open_page: Open) -> None:
    set_id = add_questions(app, base_id)
    question = "Where do wasps build a nest of grey paper?"
    app.evaluation.add_case(set_id, EvaluationCase(question=question, answers=("under the roof",)))
    app.evaluation_runs.start(base_id, ALL_SETS, RunSettings(), "old")
    finish(app, base_id)
    upload = Upload(name="wasps.md", data=b"Wasps build a nest of grey paper under the roof.")
    app.jobs.wait(app.library.add_files(base_id, [upload]))
    app.evaluation_runs.start(base_id, ALL_SETS, RunSettings(), "new")
    finish(app, base_id)
    page = view(open_page("evaluation", kb=base_id), "compare")
    assert "Questions in both runs: 3" in shown_text(page)
    text = shown_text(page)
    assert text.count("Where do wasps build") >= 2  # before and after
    assert "Wasps build a nest of grey paper under the roof" in text
    new, old = app.evaluation_runs.all(base_id)
    changes = {
        name: abs(one.difference.mean) for name, one in app.evaluation_runs.compare(old.id, new.id).metrics.items()
    }
    shown = next(box.value for box in page.selectbox if str(box.key).startswith("compare_metric"))
    assert changes[shown] == max(changes.values()) > 0  # what changed most is shown first


def test_generated_questions_are_reviewed(app: App, base_id: str, open_page: Open) -> None:
    set_id = add_questions(app, base_id)
    page = view(open_page("evaluation", kb=base_id), "sets")
    assert "to be reviewed: 1" in shown_text(page)
    (draft,) = [case for case in app.evaluation.cases(set_id) if case.status == "draft"]
    page.text_area(key=f"review_answer_{draft.id}").input("35\n35 degrees")
    page.button(key="take_case").click().run()
    assert not page.exception
    assert [case.answers for case in app.evaluation.cases(set_id)][-1] == ("35", "35 degrees")
    assert app.evaluation.set(set_id).draft_count == 0
    page.text_input(key="case_question").input("How many legs?")
    page.checkbox(key="case_refuses").check()
    next(button for button in page.button if button.label == "Add").click().run()
    assert app.evaluation.set(set_id).case_count == 4
    page.button(key="delete_set").click().run()
    assert app.evaluation.sets(base_id) == []
