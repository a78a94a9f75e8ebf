import pytest

from ingestion.sentences import count_units, split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说：“你好。”然后走了！真的吗？是；对。", ["他说：“你好。”", "然后走了！", "真的吗？", "是；", "对。"]),
        ("Mr. Smith saw Fig. 3 in 1998. Then he left.", ["Mr. Smith saw Fig. 3 in 1998.", "Then he left."]),
        ("He works at Foo Inc. The company grew.", ["He works at Foo Inc.", "The company grew."]),
        ("J. K. Rowling, e.g. in v2.0, said no.", ["J. K. Rowling, e.g. in v2.0, said no."]),
        ('"Really?" he said. "Yes."', ['"Really?" he said.', '"Yes."']),
        ('他说。"你好"', ["他说。", '"你好"']),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("1.介绍 第1.2节价格是3.5元。使用 GPT.这是", ["1.介绍 第1.2节价格是3.5元。", "使用 GPT.", "这是"]),
        ("**粗体。**后面", ["**粗体。**", "后面"]),
        ("if x != y: call a.b() end", ["if x != y: call a.b() end"]),
        (
            "This line was wrapped at the width of a terminal because it\nis long. Next.",
            ["This line was wrapped at the width of a terminal because it\nis long.", "Next."],
        ),
        ("标题\n正文。", ["标题", "正文。"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


def test_no_character_is_lost():
    text = "甲。乙！ (See e.g. the U.S. report.) “引文。” 3.14 ...\n\n- item;\tend"
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_a_cjk_character_is_one_unit_and_any_other_half():
    assert count_units("中文，字") == 4
    assert count_units("abcd") == 2
    assert count_units("中a文 ") == 3
