"""The catalogue: one sentence for everything, in both languages, with the same fields."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import kb_app.cli.errors  # noqa: F401 - its errors are found among the subclasses
from ingestion.errors import IngestionError
from kb_app.errors import KBAppError
from kb_app.messages import LANGUAGES, catalogue, translate

ROOT = Path(__file__).resolve().parents[2]

#: Functions whose literal first string is a key, with the prefix they put in front of it.
KEY_FUNCTIONS = {"translate": "", "text": "", "note": "", "t": "ui."}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def error_codes() -> set[str]:
    found: set[str] = set()
    pending: list[type[Exception]] = [IngestionError, KBAppError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind.__module__.startswith(("ingestion.", "kb_app.")):
            found.add(kind.__dict__.get("code", ""))
    return found - {"", "ingestion"}  # the root of the ingestion errors is never raised


def source_files() -> Iterator[Path]:
    for folder in ("kb_app", "ingestion", "pages"):
        yield from (ROOT / folder).rglob("*.py")


def literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def used_keys(tree: ast.AST) -> Iterator[str]:
    """Yield the keys written out in a file: of translate() and its kin, of Notice(key=) and ErrorInfo(code=)."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        named = {keyword.arg: literal(keyword.value) for keyword in node.keywords}
        if name == "Notice" and named.get("key"):
            yield f"notice.{named['key']}"
        elif name == "ErrorInfo" and named.get("code"):
            yield f"error.{named['code']}.message"
        elif name in KEY_FUNCTIONS:
            for argument in node.args[:2]:
                key = literal(argument)
                if key and "." in key and key.replace(".", "").replace("_", "").isalnum():
                    yield KEY_FUNCTIONS[name] + key


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(catalogue("zh").keys() ^ catalogue("en").keys()) == []


def test_both_languages_have_the_same_fields() -> None:
    chinese, english = catalogue("zh"), catalogue("en")
    assert [key for key in chinese if key in english and fields(chinese[key]) != fields(english[key])] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_files_of_a_language_have_the_same_key(language: str) -> None:
    files = (ROOT / "kb_app" / "messages" / language).glob("*.toml")
    tables = [name for file in files for name in re.findall(r"^\[(.+)\]$", file.read_text(encoding="utf-8"), re.M)]
    assert len(tables) > 100
    assert len(tables) == len(set(tables))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_empty(language: str) -> None:
    entries = catalogue("zh" if language == "zh" else "en")
    assert [key for key, text in entries.items() if not text.strip() and not key.endswith(".hint")] == []


def test_every_error_has_a_sentence_and_a_remedy() -> None:
    codes = error_codes()
    assert len(codes) > 30
    for part in ("message", "hint"):
        assert sorted(code for code in codes if f"error.{code}.{part}" not in catalogue("en")) == []


def test_every_key_used_in_the_code_exists() -> None:
    known = catalogue("en").keys()
    used = {
        (key, str(file.relative_to(ROOT)))
        for file in source_files()
        for key in used_keys(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert len(used) > 50
    assert sorted((key, file) for key, file in used if key not in known) == []


def test_chinese_sentences_are_chinese() -> None:
    english = catalogue("en")
    same = [key for key, text in catalogue("zh").items() if text == english[key] and any(c.isalpha() for c in text)]
    # What has no Chinese form, or is shown in its own language on purpose.
    assert [key for key in same if not fields(english[key]) and " " in english[key].strip()] == []


def test_the_chinese_texts_have_one_word_for_each_thing() -> None:
    other_words = {"嵌入": "向量模型", "索引模型": "向量模型", "片段": "段落", "名字": "名称", "“": "「", "”": "」"}
    found = {key: word for key, text in catalogue("zh").items() for word in other_words if word in text}
    assert found == {}


def test_english_counts_one_and_many() -> None:
    assert translate("en", "ui.bases.summary", documents=1, chunks=2) == "1 document · 2 passages"
    assert translate("zh", "ui.bases.summary", documents=1, chunks=2) == "1 个文档 · 2 个段落"
