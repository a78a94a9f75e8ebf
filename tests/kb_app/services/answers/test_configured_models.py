"""Models that only the settings or a folder name, used in the app: answers and indexes made with them."""

import shutil
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from kb_app.app import App, build_app
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.settings import load_settings

NOTES = "# Bees\n\nA bee colony keeps its brood at 35 degrees. In winter the bees form a cluster around the queen.\n"
SETTINGS = """
[langchain.fake]
class_path = "langchain_core.language_models.fake_chat_models:FakeListChatModel"
arguments = { responses = ["About 35 degrees [1]."] }
[langchain.broken]
class_path = "langchain_core.language_models.fake_chat_models:FakeListChatModel"
arguments = { responses = ["About 35"], error_on_chunk_number = 3 }
[langchain.hash]
class_path = "langchain_core.embeddings:DeterministicFakeEmbedding"
kind = "embedding"
arguments = { size = 48 }
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    (tmp_path / "kb.toml").write_text(SETTINGS)
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[2] / "providers" / "data" / "tiny.onnx", folder / "model.onnx")
    words = ["[PAD]", "[UNK]", "bee", "brood", "winter", "queen", "degrees"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    with build_app(load_settings(tmp_path), owner=True) as built:
        yield built


@pytest.mark.parametrize(("embedder", "dimension"), [("langchain/hash", 48), ("onnx/tiny", 8)])
def test_a_langchain_model_answers_from_a_base_of_a_configured_embedder(
    app: App, embedder: str, dimension: int
) -> None:
    base = app.library.create("Bees", embedder=embedder)
    assert base.dimension == dimension
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=NOTES.encode())]))
    assert [document.status for document in app.library.documents(base.id)] == ["ready"]

    question = "At how many degrees is the brood kept?"
    request = AskRequest(question=question, base_ids=(base.id,), model_id="langchain/fake", language="en")
    answer = app.answering.ask(request).wait()
    assert (answer.status, answer.text, answer.cited) == ("complete", "About 35 degrees [1].", (1,))


def test_a_class_that_fails_keeps_what_came(app: App) -> None:
    base = app.library.create("Bees")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=NOTES.encode())]))
    request = AskRequest(question="How warm is the brood?", base_ids=(base.id,), model_id="langchain/broken")
    answer = app.answering.ask(request).wait()
    assert answer.status == "failed"
    assert answer.text == "Abo"
    assert answer.error.code == "server_error"


def test_all_of_them_are_listed(app: App) -> None:
    states = {info.id: info.state for info in app.models.list()}
    assert {states[name] for name in ("langchain/fake", "langchain/hash", "onnx/tiny", "quote", "builtin")} == {"ready"}
