import pytest
from reading import page_at

from ingestion.clean import clean
from ingestion.load import load
from ingestion.models import CleanRules, LoadedDocument, LoadedPage, OutlineEntry


def pdf_document(*pages: str, outline: tuple[OutlineEntry, ...] = ()) -> LoadedDocument:
    loaded = tuple(LoadedPage(number=number, text=text) for number, text in enumerate(pages, 1))
    return LoadedDocument(name="a.pdf", media_type="application/pdf", pages=loaded, outline=outline)


def pdf_text(*pages: str, **rules: bool) -> str:
    return clean(pdf_document(*pages), CleanRules(**rules)).text


def text_document(text: str, media_type: str = "text/plain") -> LoadedDocument:
    return LoadedDocument(name="a", media_type=media_type, pages=(LoadedPage(number=None, text=text),))


LONG = "这一行写满了整个版面的宽度，所以它是被排版软件在中间断开的一行"


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("one\r\ntwo\u2028three\u2029four\u0085five", "one\ntwo\nthree\nfour\nfive", None),
        ("a\u00a0b\u200b\x00\x07c\ue123 \uf0b7 d", "a bc • d", "drop_invisible"),
        ("\uf06c 当 \uf061 \uf0a3 2\uf06c 时", "• 当 α ≤ 2λ 时", "drop_invisible"),
        ("L\uf75a\uf77a\uf7e9 of \uf731\uf738\uf734\uf738", "LZzé of 1848", "drop_invisible"),
        ("⽠ ﬁne Ａ１ 𝑥，（）…²①™", "瓜 fine A1 x，（）…²①™", "fold_compatibility"),
        ("pur\x02chase only", "purchase only", "rejoin_hyphens"),
        ("scikit\x02learn needs scikit-learn", "scikit-learn needs scikit-learn", "rejoin_hyphens"),
        ("the direc-\ntion of descent", "the direction of descent", "rejoin_hyphens"),
        ("目 录 关 于\n式 (2.14) 的", "目录关于\n式 (2.14) 的", "close_spaced_han"),
        (f"{LONG}\n类别", f"{LONG}类别", "join_lines"),
        (f"{LONG[:-1]}将\nmacro-P 是平均值", f"{LONG[:-1]}将 macro-P 是平均值", "join_lines"),
        ("公式如下\nX\nf\nh\n结束于此", "公式如下\nX f h\n结束于此", "collapse_stacks"),
    ],
)
def test_each_rule_and_its_switch(before, after, rule):
    assert pdf_text(before) == after
    if rule:
        assert pdf_text(before, **{rule: False}) != after


@pytest.mark.parametrize("following", ["1.2 基本术语", "第 2 章 模型", "• 一项", "(1) 第一", "图 3 示意", "2. 第二项"])
def test_what_starts_something_new_is_not_joined(following):
    assert pdf_text(f"{LONG}\n{following}") == f"{LONG}\n{following}"


def test_running_headers_footers_and_page_numbers_go():
    pages = [f"机器学习讲义 {n}\n正文第{word}段讲的是别的事情\n- {n} -" for n, word in enumerate("一二三四五", 1)]
    assert pdf_text(*pages) == "\n".join(f"正文第{word}段讲的是别的事情" for word in "一二三四五")
    assert "机器学习讲义" in pdf_text(*pages, drop_furniture=False)


def test_numbers_and_totals_of_a_batch_are_no_page_numbers():
    totals = ("1204.50", "88.00", "310.20", "7.90", "5150.00")
    pages = [f"INVOICE {8071 * n % 977}\nFor the work of week {n}\nTOTAL {total}" for n, total in enumerate(totals, 1)]
    text = pdf_text(*(f"Ada Ltd\n{page}\nSheet {n} of 5" for n, page in enumerate(pages, 1)))
    assert all(f"TOTAL {total}" in text for total in totals)
    assert text.count("INVOICE") == 5
    assert "Ada Ltd" not in text
    assert "Sheet" not in text


def test_page_numbers_that_begin_anew_or_count_two_a_sheet_go():
    body = "正文讲的是第{}件事情"
    chapters = [f"第{1 + n // 3}章 第 {1 + n % 3} 页\n{body.format(word)}" for n, word in enumerate("一二三四五六")]
    sheets = [f"{body.format(word)}\n数学试题 {2 * n + 1} 和 {2 * n + 2}" for n, word in enumerate("一二三四五六")]
    text = "\n".join(body.format(word) for word in "一二三四五六")
    assert pdf_text(*chapters) == pdf_text(*sheets) == text


def test_short_lines_are_no_broken_lines():
    slide = "要点一\n要点二\n要点三\n结论"
    assert pdf_text(slide) == slide


def test_repeated_lines_that_are_the_whole_text_stay():
    assert pdf_text(*["Hello world"] * 5).count("Hello world") == 5


def test_table_of_contents_is_marked_and_loses_its_leaders():
    contents = "\n".join(f"1.{n} 小节标题 . . . . . . . . {n}" for n in range(1, 6))
    document = clean(pdf_document(contents, "1.1 小节标题\n这里是正文。"))
    assert document.blocks[0].kind == "toc"
    assert document.text.startswith("1.1 小节标题 1\n")
    assert document.text[document.blocks[1].start :] == "1.1 小节标题\n这里是正文。"


def test_paragraph_runs_over_the_page_break_and_pages_stay_known():
    document = clean(pdf_document(f"{LONG}\n{LONG}", f"接着上一页的话。\n{LONG}"))
    assert document.text.startswith(f"{LONG}{LONG}接着上一页的话。")
    at = document.text.index("接着")
    assert (page_at(document, at - 1), page_at(document, at)) == (1, 2)
    assert [page.number for page in document.pages] == [1, 2]
    assert document.pages[0].end == document.pages[1].start == at


def test_outline_becomes_heading_paths():
    outline = (
        OutlineEntry(level=1, title="绪论", page=1),
        OutlineEntry(level=2, title="基本术语", page=1),
        OutlineEntry(level=2, title="不在页上", page=2),
        OutlineEntry(level=1, title="模型", page=2),
    )
    document = clean(
        pdf_document("第 1 章 绪论\n引子。\n1.1 基本术语\n术语。", "补充。\n第 2 章 模型\n模型。", outline=outline)
    )
    headings = [block.heading for block in document.blocks if block.kind == "heading"]
    assert headings == [("绪论",), ("绪论", "基本术语"), ("绪论", "不在页上"), ("模型",)]
    paths = {document.text[b.start : b.end]: b.heading for b in document.blocks if b.kind == "paragraph"}
    assert paths == {
        "引子。": ("绪论",),
        "术语。": ("绪论", "基本术语"),
        "补充。": ("绪论", "不在页上"),
        "模型。": ("模型",),
    }


def test_outline_of_the_fixture(pdf):
    document = clean(load(pdf("chinese"), "a.pdf"))
    assert "机器学习讲义" not in document.text
    assert "改善系统自身的性能。" in document.text
    headings = [block for block in document.blocks if block.kind == "heading"]
    assert [block.heading for block in headings] == [("绪论",), ("模型评估",), ("线性模型",), ("决策树",)]
    assert document.text[headings[1].start : headings[1].end] == "第 2 章 模型评估"


CODE = """# 标题

```python
for i in x:
    if  i:
        print("a  b")


    # end-
    done
```

| a  | b |
|----|---|
| 1  | 2 |
"""


@pytest.mark.parametrize("media_type", ["text/markdown", "text/plain"])
def test_layout_of_markdown_and_text_is_untouched(media_type):
    assert clean(text_document(CODE, media_type)).text == CODE
    assert clean(text_document(f"{LONG}\n类别\n目 录 关 于", media_type)).text == f"{LONG}\n类别\n目 录 关 于"


def test_text_is_split_at_blank_lines():
    document = clean(text_document("第一段\n还是第一段\n\n \n第二段\n"))
    assert [document.text[b.start : b.end] for b in document.blocks] == ["第一段\n还是第一段", "第二段"]
