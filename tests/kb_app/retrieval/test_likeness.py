"""The same question written otherwise is the same; another question in the same words is not."""

import pytest

from kb_app.retrieval.likeness import likeness, wording

EXACT = 0.95

SAME = [
    ("石山麟是什么集团的总裁？", "请问石山麟是什么集团的总裁呢"),
    ("石山麟是什么集团的总裁？", "什么集团的总裁是石山麟？"),
    ("石山麟是什么集團的總裁？", "石山麟是什么集团的总裁"),
    ("侏罗纪早期，中国是由哪两个板块碰撞形成的？", "你好，我想知道中国是由哪两个板块碰撞形成的，侏罗纪早期？谢谢！"),
    ("1998/7/18，鑫诺一号由什么火箭发射？", "鑫诺一号由什么火箭发射，1998/7/18"),
    ("在1986年，他还参加了谁的专辑的录制？", "他在1986年还参加了谁的专辑的录制"),
    ("公司何时成立？", "麻烦告诉我一下公司是什么时候成立的"),
    ("为什么天空是蓝的", "天空为什么是蓝的？"),
    ("地铁十八号线的编号是多少", "地铁18号线的编号是多少"),
    ("《神的谱系》的作者是谁？", "神的谱系的作者是谁"),
    ("绿茶能不能放冰箱", "绿茶能放冰箱吗？"),
    ("What is the capital of France?", "what's the capital of france"),
    ("When was the Eiffel Tower built?", "Could you please tell me when the Eiffel Tower was built? Thanks!"),
    ("WHO PAINTED THE SISTINE CHAPEL", "Who painted the Sistine Chapel?"),
    ("HAT-P-2b距离地球有多远？", "请问HAT-P-2B距离地球有多远"),
    ("雷明登11-87首次公布于哪一年？", "雷明登11-87首次公布于哪一年"),
    ("星河频道是哪个公司的卫星频道？", "哪个公司的卫星频道是星河频道？"),
    ("In 1998, who won the cup?", "Who won the cup in 1998?"),
    ("A plan costs what?", "a plan costs what"),
    ("A座在哪里", "请问 a 座在哪里"),
    ("这座塔有一百二十米吗", "这座塔有120米吗"),
    ("这座塔有一百二十米吗", "这座塔有一百二米吗"),
    ("How much is 1,500 dollars?", "how much is 1500 dollars"),
    (".NET是什么？", "请问.net是什么"),
    ("What does a & b mean?", "what does a&b mean"),
    ("5G网络有多快？", "5g网络有多快"),
    ("城巴40M线到哪里", "城巴40m线到哪里"),
    ("16MB够用吗", "16mb够用吗"),
    ("What is **Docker**?", "what is docker"),
    ("一万二千三百人", "12300人"),
]  # fmt: skip

OTHER = [
    ("甲打败了谁", "谁打败了甲"),
    ("最大的城市是哪里", "最小的城市是哪里"),
    ("绿茶能不能放冰箱", "绿茶不能放冰箱吗"),
    ("他第一次获奖是哪一年", "他第二次获奖是哪一年"),
    ("他2009年获得了什么奖", "他2008年获得了什么奖"),
    ("美国队在决赛中赢了英国队几分", "英国队在决赛中赢了美国队几分"),
    ("这座桥是谁设计的", "这座桥是什么时候设计的"),
    ("中英翻译怎么做", "英中翻译怎么做"),
    ("从北京到上海要几小时", "从上海到北京要几小时"),
    ("英国首任驻法国大使是谁", "法国首任驻英国大使是谁"),
    ("他的父亲是谁", "他是谁的父亲"),
    ("斯塔福德郡是哪个国家的郡？", "斯塔福德郡是哪个郡的国家？"),
    ("谁是举牌小人的创作者？", "举牌小人是谁的创作者？"),
    ("x > 5 是什么意思", "x < 5 是什么意思"),
    ("-5 度能用吗", "5 度能用吗"),
    ("温度到−20℃能启动吗", "温度到20℃能启动吗"),
    ("从A到B多远", "从B到A多远"),
    ("从a到b多远", "从b到a多远"),
    ("A座在哪里", "座在哪里"),
    ("What is the price of plan A?", "What is the price of a plan?"),
    ("How much is plan A per month?", "How much is a plan per month?"),
    ("Which team did Denver beat?", "Which team beat Denver?"),
    ("Who is older than Bob?", "Who is Bob older than?"),
    ("Who was elected in 1990?", "Who was elected in 1991?"),
    ("What can you eat?", "What can you not eat?"),
    ("What happened before the war?", "What happened after the war?"),
    ("Who is the president?", "Who was the president?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_small_edits_leave_a_question_the_same(one, other):
    found = likeness(wording(one), wording(other))
    assert (found.blocked, found.score >= EXACT) == ("", True)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_the_same_words_may_mean_something_else(one, other):
    found = likeness(wording(one), wording(other))
    assert found.blocked or found.score < EXACT


@pytest.mark.parametrize(("one", "other"), [*SAME, *OTHER])
def test_it_does_not_matter_which_question_came_first(one, other):
    assert likeness(wording(one), wording(other)) == likeness(wording(other), wording(one))


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("这座桥是谁设计的", "这座桥是什么时候设计的", "question"),
        ("他2009年获得了什么奖", "他2008年获得了什么奖", "number"),
        ("绿茶可以放冰箱吗", "绿茶不可以放冰箱吗", "negation"),
        ("How do I open PyTorch files?", "How do I open TensorFlow files?", "name"),
    ],
)
def test_what_makes_two_questions_of_one_is_named(one, other, why):
    assert likeness(wording(one), wording(other)).blocked == why


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("这座塔有一百二十米吗", "这座塔有一百零二米吗"),
        ("这座塔有一百二吗", "这座塔有一百零二吗"),
        ("1,5 元能买什么", "15 元能买什么"),
        ("5*3 等于多少", "5/3 等于多少"),
        ("5 * 3 等于多少", "5 / 3 等于多少"),
        ("2**3 等于多少", "2*3 等于多少"),
        ("a&b 是什么意思", "a|b 是什么意思"),
        ("a&&b 是什么意思", "a&b 是什么意思"),
        ("x > 5 是什么意思", "x < 5 是什么意思"),
        ("跑5m要多久", "跑5M要多久"),
        ("5 mW 的激光安全吗", "5 MW 的激光安全吗"),
    ],
)
def test_another_number_unit_or_operator_blocks(one, other):
    assert likeness(wording(one), wording(other)).blocked == "number"


@pytest.mark.parametrize("ask", ["{}是什么", "请问{}是什么？", "What is {}?", "如何安装{}"])
def test_a_dot_can_be_part_of_a_name(ask):
    found = likeness(wording(ask.format(".NET")), wording(ask.format("NET")))
    assert found.blocked or found.score < EXACT


def test_any_text_can_be_compared():
    for text in ("", "？？", "请问", "please", "x" * 5000):
        assert likeness(wording(text), wording(text)).score == 1.0
