"""Corrections in the next answers, with everything real but a language model."""

from dataclasses import replace

import numpy as np
import pytest

from kb_app.app import build_app
from kb_app.errors import NotFoundError
from kb_app.models import SummaryCard
from kb_app.services.answers.questions import AskRequest
from kb_app.services.corrections.groups import same_questions
from kb_app.services.documents.intake import Upload
from kb_app.services.training.exporting import ExportRequest
from kb_app.settings import load_settings
from kb_app.storage.summaries import SummaryRepository, card_chunk

TEA = "# 龙井茶\n\n龙井茶产于杭州西湖，是中国十大名茶之一。冲泡龙井茶的水温以八十度为宜，水太烫会发苦。\n".encode()
KEEPING = "# 茶叶的保存\n\n绿茶应当密封放在冰箱里，避免受潮和串味，开封后两个月内喝完。\n".encode()
QUESTION = "冲泡龙井茶的水温是多少？"
RIGHT = "八十度左右，不要用滚水。"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with build_app(load_settings(tmp_path_factory.mktemp("reuse") / "data"), owner=True) as app:
        make_base(app, "茶")
        yield app


@pytest.fixture
def app(built):
    yield built
    built.corrections.delete(*(one.id for one in built.corrections.all()))


@pytest.fixture
def base(app):
    return app.library.find("茶")


def make_base(app, name):
    base = app.library.create(name)
    uploads = [Upload(name="龙井.md", data=TEA), Upload(name="保存.md", data=KEEPING)]
    app.jobs.wait(app.library.add_files(base.id, uploads))
    return base


def ask(app, base, question, **more):
    return app.answering.ask(AskRequest(question=question, base_ids=(base.id,), **more)).wait()


def corrected(app, base, *, approve=True, chosen=RIGHT):
    answer = ask(app, base, QUESTION)
    draft = app.corrections.from_message(answer.id, "小李")
    support = tuple(one for one in draft.sources if one.document == "龙井.md")[:1]
    saved = app.corrections.create(replace(draft, chosen=chosen, support=support))
    return app.corrections.approve(saved.id, "小王") if approve else saved


def test_the_same_question_is_answered_by_the_correction_with_its_sources(app, base):
    correction = corrected(app, base)
    answer = ask(app, base, "请问冲泡龙井茶的水温是多少呢，谢谢")
    assert (answer.reuse, answer.correction_id, answer.status) == ("exact", correction.id, "complete")
    assert answer.text == f"{RIGHT} [1]"
    assert [(one.marker, one.document) for one in answer.sources] == [(1, "龙井.md")]
    assert answer.cited == (1,)
    assert app.history.messages(answer.conversation_id)[-1].reuse == "exact"
    assert app.corrections.get(correction.id).hits == 1


def test_the_model_can_be_asked_anyway(app, base):
    corrected(app, base)
    answer = ask(app, base, QUESTION, reuse=False)
    assert (answer.reuse, answer.correction_id) == ("", None)
    assert RIGHT not in answer.text


def test_markers_in_the_corrected_text_point_at_its_own_passages(app, base):
    answer = ask(app, base, QUESTION)
    draft = app.corrections.from_message(answer.id)
    (tea,) = [one for one in draft.sources if one.document == "龙井.md"]
    other = replace(tea, marker=7)
    saved = app.corrections.create(replace(draft, chosen="八十度 [7]，不是一百度 [3]。", support=(other,)))
    app.corrections.approve(saved.id, "")
    assert ask(app, base, QUESTION).text == "八十度 [1]，不是一百度 。"


def test_a_reworded_question_that_finds_the_same_passage_gets_it_as_an_example(app, base):
    correction = corrected(app, base)
    answer = ask(app, base, "龙井茶要用几度的水来泡")
    assert (answer.reuse, answer.correction_id) == ("example", correction.id)
    assert RIGHT in answer.text
    assert QUESTION in answer.text
    assert app.corrections.get(correction.id).hits == 1


def test_another_question_in_the_same_words_is_not_answered_by_it(app, base):
    corrected(app, base)
    for near in ("冲泡龙井茶的水温不能是多少？", "冲泡龙井茶的时间是多少？", "为什么冲泡龙井茶的水温是八十度？"):
        assert ask(app, base, near).reuse != "exact"


def test_an_unrelated_question_is_left_alone(app, base):
    corrected(app, base)
    answer = ask(app, base, "开封后的绿茶要在多久之内喝完？")
    assert (answer.reuse, RIGHT in answer.text) == ("", False)


@pytest.mark.parametrize("state", ["draft", "archived", "deleted"])
def test_only_what_is_approved_counts(app, base, state):
    correction = corrected(app, base, approve=state != "draft")
    if state == "archived":
        app.corrections.archive(correction.id)
    if state == "deleted":
        app.corrections.delete(correction.id)
    assert ask(app, base, QUESTION).reuse == ""


def test_another_base_does_not_get_it(app, base):
    corrected(app, base)
    other = make_base(app, "别的")
    assert ask(app, other, QUESTION).reuse == ""


def test_what_did_not_help_is_not_given_to_this_question_again(app, base):
    correction = corrected(app, base)
    answer = ask(app, base, QUESTION)
    app.reuse.not_helpful(answer, QUESTION)
    app.reuse.not_helpful(answer, QUESTION)
    assert app.corrections.get(correction.id).not_helpful == 1
    assert ask(app, base, f"请问{QUESTION}").reuse == ""


def test_what_did_not_help_a_follow_up_is_not_given_to_what_was_searched_for_either(app, base):
    corrected(app, base)
    answer = replace(ask(app, base, QUESTION), query=QUESTION)
    app.reuse.not_helpful(answer, "那是多少？")
    assert ask(app, base, QUESTION).reuse == ""


def test_a_removed_document_never_answers_through_a_correction(app):
    base = make_base(app, "要删的")
    corrected(app, base)
    (document,) = [one for one in app.library.documents(base.id) if one.name == "龙井.md"]
    app.library.remove(base.id, [document.id])
    answer = ask(app, base, QUESTION)
    assert (answer.reuse, RIGHT in answer.text) == ("", False)


def test_a_deleted_base_leaves_its_corrections_which_answer_nobody(app):
    base, other = make_base(app, "会删的"), make_base(app, "留下的")
    correction = corrected(app, base)
    app.library.delete(base.id)
    app.freshness.check()
    kept = app.corrections.get(correction.id)
    assert (kept.chosen, kept.stale) == (RIGHT, "document_removed")
    assert same_questions(app.corrections.all()) == []
    assert ask(app, other, QUESTION).reuse == ""
    answer = ask(app, base, QUESTION)
    assert (answer.reuse, answer.status, answer.error.code) == ("", "failed", "not_found")
    for attempt in (
        lambda: app.reuse.preview(QUESTION, base.id, None),
        lambda: app.exports.plan(ExportRequest(base_id=base.id, format="alpaca")),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    saved = app.corrections.save(replace(kept, note="仍然有用"), "小李")
    assert app.corrections.approve(app.corrections.archive(saved.id).id, "").status == "approved"


def test_a_correction_that_rests_on_a_summary_card_follows_it(app):
    base = make_base(app, "有摘要的")
    (tea,) = [one for one in app.library.documents(base.id) if one.name == "龙井.md"]
    card = SummaryCard(document_id=tea.id, text="讲龙井茶的产地与水温。", model_id="test")
    chunk = card_chunk(card, document_id=tea.id, base_id=base.id, name=tea.name, title=tea.title)
    cards = SummaryRepository(app._database)
    cards.save(card, "no job")
    cards.index(chunk, np.zeros(base.dimension, dtype=np.float32))
    correction = corrected(app, base)
    on_card = replace(correction.support[0], chunk_id=chunk.id, text=card.text, start=0, end=0)
    saved = app.corrections.save(replace(correction, support=(on_card,)), "小李")
    app.corrections.approve(saved.id, "小王")
    app.jobs.wait(app.library.reindex(base.id))
    app.freshness.check()
    (new,) = [one for one in app.library.documents(base.id) if one.name == "龙井.md"]
    kept = app.corrections.get(correction.id)
    assert new.id != tea.id
    assert (kept.stale, kept.support[0].document_id, kept.support[0].is_card) == ("", new.id, True)
    cards.remove_all(base.id)
    app.jobs.wait(app.library.reindex(base.id))
    app.freshness.check()
    assert app.corrections.get(correction.id).stale == "document_replaced"


def unsupported(app, base, **fields):
    draft = app.corrections.from_message(ask(app, base, QUESTION).id)
    saved = app.corrections.create(replace(draft, chosen=RIGHT, support=(), **fields))
    return app.corrections.approve(saved.id, "")


def test_without_support_it_answers_until_no_document_it_was_given_is_left(app):
    base = make_base(app, "无出处的")
    correction = unsupported(app, base)
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="龙井.md", data=TEA + b"\nMore.\n")]))
    app.freshness.check()
    assert ask(app, base, QUESTION).reuse == "exact"
    app.library.remove(base.id, [one.id for one in app.library.documents(base.id)])
    assert ask(app, base, QUESTION).reuse == ""
    app.freshness.check()
    assert app.corrections.get(correction.id).stale == "document_removed"
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="龙井.md", data=TEA)]))
    app.freshness.check()
    assert (app.corrections.get(correction.id).stale, ask(app, base, QUESTION).reuse) == ("", "exact")


@pytest.mark.parametrize(
    "free", [{"sources": ()}, {"reasons": ("should_decline",)}, {"source_is_wrong": True}], ids=str
)
def test_what_stands_free_of_its_sources_outlives_them(app, free):
    base = make_base(app, f"不靠出处的 {[*free]}")
    correction = unsupported(app, base, **free)
    app.library.remove(base.id, [one.id for one in app.library.documents(base.id)])
    app.freshness.check()
    assert (app.corrections.get(correction.id).stale, ask(app, base, QUESTION).reuse) == ("", "exact")


def test_of_two_that_contradict_each_other_the_newer_counts(app, base):
    first = corrected(app, base)
    second = app.corrections.create(replace(first, chosen="七十五度。", message_id=None))
    app.corrections.approve(second.id, "小王")
    assert ask(app, base, QUESTION).correction_id == second.id


def test_a_base_has_its_own_thresholds(app, base):
    corrected(app, base)
    app.reuse.set_thresholds(base.id, exact=1.0, related=1.01)
    assert ask(app, base, "请问冲泡龙井茶的水温是多少呢").reuse == ""
    app.reuse.set_thresholds(base.id, exact=None, related=None)
    assert ask(app, base, "请问冲泡龙井茶的水温是多少呢").reuse == "exact"


def test_the_preview_tells_what_would_become_of_each_and_why(app, base):
    correction = corrected(app, base)
    for question, kind, blocked in ((QUESTION, "exact", ""), ("冲泡龙井茶的水温不能是多少？", "example", "negation")):
        retrieval = app.retriever.retrieve(question, [base.id])
        (match,) = app.reuse.preview(question, base.id, retrieval)
        assert (match.correction.id, match.kind, match.blocked) == (correction.id, kind, blocked)
        assert match.parts["passage"] > 0.5


def test_a_follow_up_is_matched_by_what_it_means(app, base):
    first = ask(app, base, "龙井茶产于哪里？")
    follow_up = ask(app, base, "水温呢？", conversation_id=first.conversation_id)
    draft = app.corrections.from_message(follow_up.id)
    saved = app.corrections.create(replace(draft, chosen=RIGHT))
    app.corrections.approve(saved.id, "")
    again = ask(app, base, "龙井茶产于哪里？")
    assert ask(app, base, "水温呢？", conversation_id=again.conversation_id).reuse == "exact"
    elsewhere = ask(app, base, "绿茶怎么保存？")
    assert ask(app, base, "水温呢？", conversation_id=elsewhere.conversation_id).reuse != "exact"


def replace_tea(app, base, data):
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="龙井.md", data=data)]))
    app.freshness.check()


def test_a_correction_goes_stale_with_its_document_and_comes_back_with_it(app):
    base = make_base(app, "会变的")
    correction = corrected(app, base)
    replace_tea(app, base, "# 龙井茶\n\n狮峰山的龙井最为名贵。冲泡龙井茶的水温有讲究。\n".encode())
    assert app.corrections.get(correction.id).stale == "document_replaced"
    assert ask(app, base, QUESTION).reuse == ""
    replace_tea(app, base, TEA)
    assert app.corrections.get(correction.id).stale == ""
    assert ask(app, base, QUESTION).reuse == "exact"
    app.library.remove(base.id, [one.id for one in app.library.documents(base.id)])
    app.freshness.check()
    assert app.corrections.get(correction.id).stale == "document_removed"
    assert any(notice.key == "corrections_stale" for notice in app.notices.current())


def test_a_passage_that_moved_is_linked_again(app):
    base = make_base(app, "移动的")
    correction = corrected(app, base)
    longer = "# 前言\n\n这一节是后来加上的，与水温没有关系。\n\n".encode() + TEA
    replace_tea(app, base, longer)
    moved = app.corrections.get(correction.id)
    assert (moved.stale, moved.version) == ("", correction.version)
    (source,), (before,) = moved.support, correction.support
    assert source.document_id != before.document_id
    assert app.library.text(source.document_id).text[source.start : source.end] == source.text
    assert ask(app, base, QUESTION).reuse == "exact"
