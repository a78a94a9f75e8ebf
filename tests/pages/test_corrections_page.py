"""The correction page over a real app: from a bad answer to an approved correction, lists, try-out and import."""

from dataclasses import replace

import pytest

from kb_app.models import Correction, Rating
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.intake import Upload

TEA = "# 龙井茶\n\n龙井茶产于杭州西湖。冲泡龙井茶的水温以八十度为宜，水太烫会发苦。\n".encode()
QUESTION = "冲泡龙井茶的水温是多少？"


@pytest.fixture
def base(app):
    base = app.library.create("茶")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="龙井.md", data=TEA)]))
    return base


@pytest.fixture
def bad_answer(app, base):
    answer = app.answering.ask(AskRequest(question=QUESTION, base_ids=(base.id,))).wait()
    app.history.rate(answer.id, Rating(verdict="bad", reasons=("invented",), note="不对"))
    return answer


def test_a_bad_answer_is_corrected_approved_and_used(app, base, bad_answer, open_page):
    page = open_page("corrections", me="小李")
    page.button(f"queue_open_{bad_answer.id}").click().run()
    box = page.text_area(f"fix_text_{bad_answer.id}")
    assert box.value == bad_answer.text  # what is wrong is edited, not written anew
    box.set_value("八十度左右。").run()
    assert "<del>" in "".join(one.body for one in page.get("html"))
    page.button("fix_approve").click().run()
    assert not page.exception
    (saved,) = app.corrections.all()
    assert (saved.status, saved.chosen, saved.author, saved.reviewer) == ("approved", "八十度左右。", "小李", "小李")
    assert [one.document for one in saved.support] == ["龙井.md"]
    assert app.correction_queue.count() == 0
    before = open_page(chat=bad_answer.conversation_id)  # where the wrong answer stood, the right one does
    assert any("Corrected by 小李" in one.value for one in before.markdown)
    assert "八十度左右。" in [one.value for one in before.markdown]
    answer = app.answering.ask(AskRequest(question=QUESTION, base_ids=(base.id,))).wait()
    chat = open_page(chat=answer.conversation_id)
    assert any("Corrected by 小李" in one.value for one in chat.markdown)
    assert not any("Quote (no AI)" in one.label for one in chat.expander)  # no model wrote it
    chat.button(f"not_helpful_{answer.id}").click().run()
    assert app.corrections.get(saved.id).not_helpful == 1


def test_a_passage_that_the_corrected_text_cites_supports_it(app, base, bad_answer, open_page):
    draft = app.corrections.from_message(bad_answer.id, "小李")
    other = replace(draft.support[0], marker=2, chunk_id="other", start=900, end=950, document="白茶.md")
    saved = app.corrections.create(replace(draft, sources=(*draft.sources, other), support=()))
    page = open_page("corrections", me="小李", fix=f"c:{saved.id}")
    page.text_area(f"fix_text_{saved.id}").set_value("八十度左右 [2]。").run()
    page.button("fix_save").click().run()
    assert not page.exception
    assert [one.document for one in app.corrections.get(saved.id).support] == ["白茶.md"]


def test_two_people_never_work_on_one_answer(app, bad_answer, open_page):
    app.correction_queue.claim(bad_answer.id, "小王")
    page = open_page("corrections", me="小李", fix=f"m:{bad_answer.id}")
    assert "小王" in page.warning[0].value
    assert page.button("fix_save").disabled
    page.button("fix_back").click().run()
    assert app.correction_queue.holder(bad_answer.id) == "小王"
    app.correction_queue.release(bad_answer.id, "小王")
    page = open_page("corrections", me="小李", fix=f"m:{bad_answer.id}")
    assert not page.button("fix_save").disabled
    assert app.correction_queue.holder(bad_answer.id) == "小李"


def test_a_lost_update_is_told_and_the_text_stays(app, bad_answer, open_page):
    saved = app.corrections.create(replace(app.corrections.from_message(bad_answer.id, "小李"), chosen="八十度。"))
    page = open_page("corrections", me="小李", fix=f"c:{saved.id}")
    page.text_area(f"fix_text_{saved.id}").set_value("八十五度。").run()
    app.corrections.save(replace(saved, chosen="七十五度。"), "小王")
    # The click arrives with the page as it was drawn before the other save.
    page.button("fix_save").click().run()
    assert "小王" in page.error[0].value
    assert page.text_area(f"fix_text_{saved.id}").value == "八十五度。"
    assert app.corrections.get(saved.id).chosen == "七十五度。"


def test_lists_checks_and_the_try_out(app, base, open_page):
    for chosen in ("八十度。", "一百度，要滚水。"):
        one = app.corrections.create(Correction(id="", base_id=base.id, question=QUESTION, chosen=chosen))
        app.corrections.approve(one.id, "小李")
    page = open_page("corrections")
    for view in ("all", "checks", "matching", "import", "queue"):
        page.segmented_control("corrections_view").set_value(view).run()
        assert not page.exception
        if view == "checks":
            assert any("Contradictory" in one.value for one in page.markdown)
        if view == "matching":
            page.text_input("corrections_try").set_value(f"请问{QUESTION}").run()
            assert any("Answers it" in one.value for one in page.markdown)
    page.segmented_control("corrections_view").set_value("all").run()
    page.toggle("corrections_as_table").set_value(True).run()
    assert not page.exception


def test_a_correction_that_is_gone_is_said(open_page):
    page = open_page("corrections", fix="c:nothing")
    assert "deleted" in page.error[0].value
