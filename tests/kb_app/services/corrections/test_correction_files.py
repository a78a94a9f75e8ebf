"""Corrections from files of every kind that is promised, and what is wrong with a file told by its line."""

import json

import pytest

from kb_app.errors import CorrectionColumnsError, CorrectionFileError, CorrectionLineError
from kb_app.services.corrections.files import read_corrections


def read(text, name, encoding="utf-8", known=()):
    return read_corrections(text.encode(encoding), name, "b", "小李", known)


def pairs(content):
    return [(one.question, one.chosen, one.rejected) for one in content.corrections]


def test_dify_annotations_and_other_tables():
    dify = read('﻿question,answer\n"水温？","八十度，\n不要开水。"\n\n怎么存？,放冰箱。\n', "dify.csv")
    assert pairs(dify) == [("水温？", "八十度，\n不要开水。", ""), ("怎么存？", "放冰箱。", "")]
    assert (dify.corrections[0].author, dify.corrections[0].origin) == ("小李", "import")
    chinese = read("问题,回答,错误回答,备注,作者\n水温？,八十度。,一百度。,见第二页,小王\n", "a.csv", "gb18030")
    assert pairs(chinese) == [("水温？", "八十度。", "一百度。")]
    assert (chinese.corrections[0].note, chinese.corrections[0].author) == ("见第二页", "小王")
    assert pairs(read("Query\tOutput\nhow hot?\t80 °C\n", "a.tsv")) == [("how hot?", "80 °C", "")]


def test_json_lines_with_a_line_separator_inside_a_text():
    lines = [{"prompt": "水温？", "chosen": "八十\u2028度", "rejected": "一百度"}, {"question": "q", "answer": "a"}]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in lines)
    assert pairs(read(text, "a.jsonl")) == [("水温？", "八十\u2028度", "一百度"), ("q", "a", "")]


def test_label_studio_texts_and_preferences():
    typed = {"value": {"text": ["八十度。"]}, "type": "textarea", "from_name": "answer", "to_name": "prompt"}
    better = {"value": {"selected": "right"}, "type": "pairwise", "from_name": "comparison", "to_name": "answer1"}
    tasks = [
        {"id": 1, "data": {"prompt": "水温？"}, "annotations": [{"result": [typed]}]},
        {"id": 2, "data": {"prompt": "q", "answer1": "bad", "answer2": "good"}, "annotations": [{"result": [better]}]},
    ]
    assert pairs(read(json.dumps(tasks), "a.json")) == [("水温？", "八十度。", ""), ("q", "good", "bad")]


def test_duplicates_are_counted_and_another_answer_is_none():
    first = read("question,answer\n水温？,八十度。\n", "a.csv")
    again = read(
        "question,answer\n请问水温,八十度。\n水温？,九十度。\n水温,九十度。\n", "a.csv", known=first.corrections
    )
    assert (pairs(again), again.duplicates) == ([("水温？", "九十度。", "")], 2)


@pytest.mark.parametrize(
    ("text", "name", "error", "params"),
    [
        ("问题,回答\n水温？,八十度。\n水温？,\n", "a.csv", CorrectionLineError, {"line": 3, "problem": "answer"}),
        ("name,age\nBob,3\n", "a.csv", CorrectionColumnsError, {"columns": "name, age"}),
        ('{"question": "q", "answer": "a"}\n{"question"\n', "a.jsonl", CorrectionLineError, None),
        ('[1]', "a.json", CorrectionLineError, {"line": 1, "problem": "{ }"}),
        ("question,answer\n", "a.csv", CorrectionFileError, {"name": "a.csv"}),
        ("", "a.csv", CorrectionColumnsError, {"columns": ""}),
        ("just words", "a.json", CorrectionFileError, None),
        ('[{"data": {"prompt": "q"}}]', "a.json", CorrectionLineError, {"line": 1, "problem": "answer"}),
        *[
            (json.dumps([{"data": {"prompt": "q"}, "annotations": wrong}]), "a.json", CorrectionLineError, None)
            for wrong in (7, "x", {"result": 1}, ["x"], [{"result": 7}], [{"result": ["x"]}],
                          [{"result": [{"type": "textarea", "value": "x"}]}])
        ],
        ("[" * 100_000, "a.json", CorrectionLineError, None),
        ('{"question": "q", "answer": ' + "9" * 6_000 + "}", "a.jsonl", CorrectionLineError, None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told(text, name, error, params):
    with pytest.raises(error) as caught:
        read(text, name)
    assert type(caught.value) is error
    if params is not None:
        assert caught.value.params == params


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(CorrectionFileError):
        read_corrections(b"\xff\xfe\x00\x01" * 9, "a.csv", "b", "", ())


def test_half_a_character_is_replaced_as_no_database_takes_it():
    assert pairs(read('{"question": "q\\ud800", "answer": "a\\udfff"}', "a.jsonl")) == [("q\ufffd", "a\ufffd", "")]
