"""Files of questions with what is expected, as people have them: CSV, JSON lines, or one JSON list."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ingestion.errors import IngestionError
from ingestion.load.encoding import decode
from kb_app.errors import QuestionsFileError
from kb_app.models import EvaluationCase, ExpectedPassage, Split

MAX_CASES = 50_000
#: What a column or key may be called; the first one is ours.
_NAMES: dict[str, tuple[str, ...]] = {
    "question": ("question", "query", "prompt", "instruction", "问题", "提问"),
    "answer": ("answer", "answers", "expected", "reference", "output", "答案", "标准答案", "参考答案"),
    "document": ("document", "file", "source", "文档", "文件", "来源"),
    "passage": ("passage", "passages", "context", "evidence", "段落", "原文", "依据"),
    "refuse": ("refuse", "refuses", "should_refuse", "unanswerable", "is_impossible", "应拒答", "拒答", "无法回答"),
    "split": ("split", "划分"),
    "note": ("note", "comment", "备注"),
}
_KNOWN = {name: field for field, names in _NAMES.items() for name in names}
_TRUE = frozenset({"1", "true", "yes", "y", "x", "是", "真", "对"})
_FALSE = frozenset({"", "0", "false", "no", "n", "否", "假", "错"})
_SPLITS: dict[str, Split] = {"train": "train", "validation": "validation", "val": "validation", "dev": "validation"}


class QuestionFile(NamedTuple):
    """The cases of a file, and how many of its rows name a document but no passage, which nothing can be made of."""

    cases: list[EvaluationCase]
    without_passage: int


def read_questions(data: bytes, name: str) -> QuestionFile:
    """Return the cases of a file; what it is follows from its beginning, not from its name.

    Raises:
        QuestionsFileError: not readable, no column of questions, or a row without a question or what is expected;
            ``params["line"]`` says where.
    """
    try:
        text = decode(data).text.strip()
    except IngestionError as error:
        raise QuestionsFileError(str(error), name=name, line=0, problem=error.code) from error
    records = _json_list(text, name) if text.startswith("[") else None
    if records is None:
        records = _json_lines(text, name) if text.startswith("{") else _csv_rows(text, name)
    cases, without_passage = [], 0
    for line, record in records:
        given = _given(record, name, line)
        cases.append(_case(given, name, line))
        without_passage += bool(_document(given)) and not cases[-1].passages
        if len(cases) > MAX_CASES:
            raise QuestionsFileError("too many", name=name, line=line, problem=f"> {MAX_CASES}")
    if not cases:
        raise QuestionsFileError("no questions", name=name, line=0, problem="0")
    return QuestionFile(cases, without_passage)


def _json_list(text: str, name: str) -> Iterator[tuple[int, Any]] | None:
    try:
        return enumerate(json.loads(text), start=1)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise QuestionsFileError(str(error), name=name, line=line, problem=str(error)) from error


def _json_lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):  # a JSON string may hold U+2028 and its kin
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except ValueError as error:
            raise QuestionsFileError(str(error), name=name, line=number, problem=str(error)) from error


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, Any]]:
    first_line = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first_line.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise QuestionsFileError(str(error), name=name, line=reader.line_num, problem=str(error)) from error


def _given(record: Any, name: str, line: int) -> dict[str, Any]:
    if not isinstance(record, Mapping):
        raise QuestionsFileError("no object", name=name, line=line, problem=type(record).__name__)
    return {
        field: value for key, value in record.items() if (field := _KNOWN.get(str(key).strip().lower())) is not None
    }


def _document(given: Mapping[str, Any]) -> str:
    return str(given.get("document") or "").strip()


def _case(given: Mapping[str, Any], name: str, line: int) -> EvaluationCase:
    question = str(given.get("question") or "").strip()
    answers = _texts(given.get("answer"))
    refuses = _flag(given.get("refuse"), name, line)
    passages = _passages(given.get("passage"), _document(given))
    if not question or not (answers or passages or refuses):
        missing = "answer / passage / refuse" if question else "question"
        raise QuestionsFileError("incomplete row", name=name, line=line, problem=missing)
    return EvaluationCase(
        question=question,
        answers=answers,
        passages=passages,
        refuses=refuses,
        origin="import",
        split=_SPLITS.get(str(given.get("split") or "").strip().lower(), "test"),
        note=str(given.get("note") or "").strip(),
    )


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a string, a list, or SQuAD's ``{"text": [...]}``; a JSON list in a cell is one, too."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return (value.strip(),)
    if isinstance(value, Mapping):
        value = value.get("text")
    items = value if isinstance(value, list) else [value]
    texts = (item.get("text") if isinstance(item, Mapping) else item for item in items)
    return tuple(dict.fromkeys(str(text).strip() for text in texts if text is not None and str(text).strip()))


def _passages(value: Any, document: str) -> tuple[ExpectedPassage, ...]:
    items = value if isinstance(value, list) else [value]
    found = []
    for item in items:
        entry = item if isinstance(item, Mapping) else {"text": item}
        text = str(entry.get("text") or "").strip()
        if text:
            found.append(ExpectedPassage(document=str(entry.get("document") or document).strip(), text=text))
    return tuple(found)


def _flag(value: Any, name: str, line: int) -> bool:
    word = str("" if value is None else value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise QuestionsFileError("no flag", name=name, line=line, problem=word[:40])
    return word in _TRUE
