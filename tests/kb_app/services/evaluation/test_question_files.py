"""Files of questions as people have them."""

import pytest

from kb_app.errors import QuestionsFileError
from kb_app.models import ExpectedPassage
from kb_app.services.evaluation.question_files import read_questions


def test_a_csv_from_a_chinese_spreadsheet() -> None:
    data = '问题,答案,文档,原文,应拒答\n绿茶水温？,八十度,绿茶.md,"用八十度的水，\n再焖一会",\n天气？,,,,是\n'.encode(
        "gb18030"
    )
    first, second = read_questions(data, "题.csv").cases
    assert (first.question, first.answers, first.refuses) == ("绿茶水温？", ("八十度",), False)
    assert first.passages == (ExpectedPassage(document="绿茶.md", text="用八十度的水，\n再焖一会"),)
    assert (first.origin, first.split) == ("import", "test")
    assert second.refuses


def test_json_lines_with_several_answers_and_passages() -> None:
    data = (
        b'{"question": "How warm?", "answers": {"text": ["35", "35 degrees", "35"]}, "split": "train"}\n\n'
        b'{"query": "Where?", "passages": [{"document": "a.md", "text": "here"}, "there"], "document": "b.md"}\n'
    )
    first, second = read_questions(data, "q.jsonl").cases
    assert first.answers == ("35", "35 degrees")
    assert first.split == "train"
    assert [(one.document, one.text) for one in second.passages] == [("a.md", "here"), ("b.md", "there")]


def test_a_json_list_and_other_delimiters() -> None:
    assert read_questions(b'[{"instruction": "x", "output": "y"}]', "q.json").cases[0].answers == ("y",)
    assert read_questions(b"question;answer\na;b, c\n", "q.csv").cases[0].answers == ("b, c",)


def test_a_document_without_a_passage_is_counted() -> None:
    data = b"question,answer,document,passage\na,b,c.md,\nd,e,,\nf,g,c.md,the words\n"
    found = read_questions(data, "q.csv")
    assert found.without_passage == 1
    assert [len(case.passages) for case in found.cases] == [0, 0, 1]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 0),
        (b"question,answer\n", 0),
        (b"name,age\nx,3\n", 2),
        (b"question,answer\nq,a\nq2,\n", 3),
        (b'{"question": "a", "answer": "b"}\n{"question"\n', 2),
        (b"[1]", 1),
        (b"[", 1),
        (b"question,answer,refuse\nq,a,perhaps\n", 2),
        (b"\x00\x01\x02\x03\xff\xfe", 0),
    ],
)
def test_what_is_wrong_is_said_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(QuestionsFileError) as caught:
        read_questions(data, "q.csv")
    assert caught.value.params["line"] == line
