import itertools
import random

import pytest

from ingestion.chunk import chunk
from ingestion.clean import clean
from ingestion.models import Block, ChunkOptions, Document, LoadedDocument, LoadedPage
from ingestion.sentences import count_units, split_sentences


def document(text: str, media_type: str = "text/markdown") -> Document:
    return clean(LoadedDocument(name="a", media_type=media_type, pages=(LoadedPage(number=None, text=text),)))


def words(seed: int, count: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice("机器学习算法模型数据训练样本特征分类回归") for _ in range(count))


def prose(sentences: int, seed: int = 0) -> str:
    return "".join(words(seed * 1000 + n, 20 + n % 25) + "。" for n in range(sentences))


def assert_sound(made, doc):
    assert [passage.index for passage in made] == list(range(len(made)))
    for passage in made:
        assert passage.text == doc.text[passage.start : passage.end]
        assert passage.text.strip()
        assert passage.search_text


def test_size_overlap_and_whole_sentences():
    doc = document(prose(100), "text/plain")
    made = chunk(doc)
    assert_sound(made, doc)
    starts = {start for start, _ in split_sentences(doc.text)}
    ends = {end for _, end in split_sentences(doc.text)}
    for passage in made:
        assert passage.start in starts
        assert passage.end in ends
        assert 105 <= count_units(passage.text) <= 330 + 105
    for before, after in itertools.pairwise(made):
        assert 0 < count_units(doc.text[after.start : before.end]) <= 60
    assert made[0].start == 0
    assert made[-1].end == len(doc.text)


@pytest.mark.parametrize("size", [100, 300, 800])
@pytest.mark.parametrize("seed", range(5))
def test_every_sentence_is_in_some_chunk(size, seed):
    rng = random.Random(seed)
    parts = []
    for n in range(40):
        parts.append(
            rng.choice(["# 标题 {}", "## 小节 {}", "### {}"]).format(words(n, 6)) if rng.random() < 0.3 else ""
        )
        parts.append(prose(rng.randrange(0, 12), seed=n))
    doc = document("\n\n".join(part for part in parts if part))
    made = chunk(doc, ChunkOptions(size_units=size, overlap_units=size // 5))
    assert_sound(made, doc)
    covered = bytearray(len(doc.text))
    for passage in made:
        covered[passage.start : passage.end] = b"\1" * (passage.end - passage.start)
    assert not [c for c, is_covered in zip(doc.text, covered, strict=True) if not is_covered and not c.isspace()]


def test_no_chunk_crosses_a_top_level_heading_or_ends_in_a_heading():
    doc = document(f"# 甲\n\n{prose(10)}\n\n# 乙\n\n## 丙\n\n{prose(10, 1)}")
    made = chunk(doc)
    boundary = doc.text.index("# 乙")
    assert not [p for p in made if p.start < boundary < p.end]
    assert {p.heading for p in made} == {("甲",), ("乙", "丙")}
    assert next(p for p in made if p.start == boundary).text.startswith("# 乙\n\n## 丙\n\n")


def test_tiny_sections_share_a_chunk():
    doc = document("# 甲\n\n一句话。\n\n# 乙\n\n另一句话。")
    assert [p.text for p in chunk(doc)] == [doc.text]


def test_code_stays_whole_up_to_three_times_the_size():
    code = "```python\n" + "\n".join(f"    value_{n} = compute({n})" for n in range(50)) + "\n```"
    assert 300 < count_units(code) < 900
    doc = document(f"{prose(12)}\n\n{code}\n\n{prose(12, 1)}")
    assert any(code in passage.text for passage in chunk(doc))


def test_longer_code_is_cut_at_blank_lines_and_keeps_its_indentation():
    parts = ["\n".join(f"    line_{n}_{m} = {m}" for m in range(12)) for n in range(30)]
    doc = document("```python\n" + "\n\n".join(parts) + "\n```")
    made = chunk(doc)
    assert_sound(made, doc)
    assert len(made) > 5
    for passage in made[1:]:
        assert passage.text.startswith("    line_")
        assert passage.text.split("_")[2].startswith("0")


def test_longer_table_is_cut_between_rows():
    rows = "\n".join(f"| 第{n}行 | {words(n, 10)} |" for n in range(120))
    doc = document(f"| 名 | 值 |\n|---|---|\n{rows}")
    made = chunk(doc)
    assert len(made) > 2
    for passage in made:
        assert all(line.startswith("|") and line.endswith("|") for line in passage.text.split("\n"))


def test_sentence_without_end_is_cut_at_commas():
    doc = document("，".join(words(n, 15) for n in range(100)), "text/plain")
    made = chunk(doc)
    assert_sound(made, doc)
    assert max(count_units(p.text) for p in made) <= 435
    assert all(p.text.endswith("，") for p in made[:-1])


def test_text_without_any_place_to_cut_is_cut_all_the_same():
    doc = document("字" * 5000, "text/plain")
    made = chunk(doc)
    assert_sound(made, doc)
    assert max(len(p.text) for p in made) <= 435


def test_search_text_has_words_but_no_markup():
    source = (
        "## 标题\n\n见 **粗体** [链接](https://example.org/a_(b)) ![图示](data:image/png;base64,AAAA) "
        "<br> `a_b <t>` &amp; x\n\n"
        "```py\nx = **y\n```\n\n| 名 | 值 |\n|---|:--|\n| 甲 | 1 |\n\n<!-- 注释 -->\n"
    )
    (passage,) = chunk(document(source))
    assert passage.text == source.strip()
    assert passage.search_text.split("\n") == ["标题", "见 粗体 链接 图示 a_b <t> & x", "x = **y", "名 值", "甲 1"]


def test_tables_of_contents_are_not_indexed():
    text = "目录 1\n目录 2\n正文在这里。"
    blocks = (Block(kind="toc", start=0, end=9), Block(kind="paragraph", start=10, end=16))
    made = chunk(Document(name="a", media_type="application/pdf", text=text, blocks=blocks))
    assert [p.search_text for p in made] == ["正文在这里。"]


@pytest.mark.parametrize("text", ["# 只有标题", "TODO", "# A\n\n## B"])
def test_almost_empty_documents_give_one_chunk(text):
    assert [p.text for p in chunk(document(text))] == [text]


@pytest.mark.parametrize("text", ["", "\n \n", "---\n\n***\n", "<!-- -->", "...", "# \n\n!"])
def test_documents_without_a_word_give_none(text):
    assert chunk(document(text)) == ()


def test_a_chunk_does_not_begin_with_the_whole_one_before():
    doc = document(prose(12), "text/plain")
    made = chunk(doc, ChunkOptions(size_units=100, overlap_units=200))
    assert len(made) > 2
    assert all(before.start < after.start for before, after in itertools.pairwise(made))


def test_headings_go_with_the_text_below_them():
    doc = document(f"# 书\n\n短句。\n\n## 章\n\n### 节\n\n{words(1, 100)}。\n")
    made = chunk(doc, ChunkOptions(size_units=100, overlap_units=0))
    assert [passage.text.split("\n")[0] for passage in made] == ["# 书", "## 章"]


def test_no_chunk_reaches_across_a_table_of_contents():
    text = "前面的话。\n目录 1 2 3\n后面的话。"
    blocks = (
        Block(kind="paragraph", start=0, end=5),
        Block(kind="toc", start=6, end=14),
        Block(kind="paragraph", start=15, end=20),
    )
    doc = Document(name="a", media_type="application/pdf", text=text, blocks=blocks, pages=())
    assert [passage.text for passage in chunk(doc)] == ["前面的话。", "后面的话。"]


def test_an_outline_of_headings_is_cut_like_text():
    doc = document("\n\n".join(f"{'#' * (1 + n % 3)} 第 {n} 个标题" for n in range(600)))
    made = chunk(doc)
    assert_sound(made, doc)
    assert max(count_units(passage.text) for passage in made) <= 400  # the lines between the headings count here
    for number in range(600):
        assert any(f"第 {number} 个标题" in passage.text for passage in made)
