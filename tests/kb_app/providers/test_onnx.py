"""ONNX embedders: a tiny graph that is always there, and the real MiniLM where ``KB_ONNX_MODELS`` has it.

``data/tiny.onnx`` is one Gather of ``input_ids`` from 16 random vectors of length 8; it was written with the ``onnx``
package.
"""

import json
import os
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from kb_app.errors import ModelFileError, ModelNotFoundError
from kb_app.providers.onnx import OnnxEmbedder, OnnxProvider

WORDS = ("[PAD]", "[UNK]", "bees", "keep", "the", "brood", "warm", "query", ":", "Hi", "dimension")
TINY = Path(__file__).with_name("data") / "tiny.onnx"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "models" / "tiny"
    made.mkdir(parents=True)
    shutil.copy(TINY, made / "model.onnx")
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(made / "tokenizer.json"))
    (made / "sentence_bert_config.json").write_text('{"max_seq_length": 4}')
    return made


@pytest.fixture
def embedder(folder: Path) -> OnnxEmbedder:
    return OnnxProvider(folder.parent).embedder("tiny")


def one(embedder: OnnxEmbedder, text: str) -> np.ndarray:
    return embedder.embed_documents([text])[0]


def test_unit_vectors_in_the_order_of_the_texts(embedder: OnnxEmbedder) -> None:
    texts = ["bees keep the brood", "warm", "bees", "the brood warm"] * 20
    vectors = embedder.embed_documents(texts)
    assert (vectors.shape, vectors.dtype, embedder.dimension) == ((80, 8), np.float32, 8)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for number in (0, 1, 2, 3, 79):
        assert np.allclose(vectors[number], one(embedder, texts[number]), atol=1e-5), "padding must not count"
    assert embedder.embed_documents([]).shape == (0, 8)
    assert np.allclose(embedder.embed_query("bees"), one(embedder, "bees"), atol=1e-6)


def test_nothing_of_a_long_text_is_cut(embedder: OnnxEmbedder) -> None:
    long = one(embedder, "bees bees bees bees warm warm warm warm")
    assert not np.allclose(long, one(embedder, "bees bees bees bees"), atol=1e-2)
    both = one(embedder, "bees") + one(embedder, "warm")
    assert np.allclose(long, both / np.linalg.norm(both), atol=1e-5)


def test_pooling_and_prompts_are_read_from_the_files(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    embedder = OnnxEmbedder(folder)
    assert np.allclose(one(embedder, "bees warm"), one(embedder, "bees keep"), atol=1e-6), "only the first token counts"
    (folder / "1_Pooling" / "config.json").unlink()
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": "query: "}}))
    embedder = OnnxEmbedder(folder)
    assert np.allclose(embedder.embed_query("bees"), one(embedder, "query: bees"), atol=1e-6)


def test_several_threads_at_once(embedder: OnnxEmbedder) -> None:
    expected = one(embedder, "bees keep the brood warm")
    wrong: list[int] = []

    def work() -> None:
        for _ in range(30):
            if not np.allclose(one(embedder, "bees keep the brood warm"), expected, atol=1e-5):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_folders_are_listed_and_broken_ones_say_what_is_missing(folder: Path) -> None:
    (folder.parent / "empty").mkdir()
    shutil.copytree(folder, folder.parent / "half")
    (folder.parent / "half" / "tokenizer.json").unlink()
    infos = {info.id: info for info in OnnxProvider(folder.parent).models()}
    assert infos["onnx/tiny"].state == "ready"
    assert infos["onnx/tiny"].details["context_tokens"] == 4
    assert infos["onnx/empty"].error.params["problem"] == "model.onnx"
    assert infos["onnx/half"].error.params["problem"] == "tokenizer.json"
    assert OnnxProvider(folder.parent / "nowhere").models() == []


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_a_typed_error(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"not what it says")
    with pytest.raises(ModelFileError):
        OnnxEmbedder(folder).embed_query("bees")


@pytest.mark.parametrize("name", ["", "nowhere", "../models", "tiny/..", "."])
def test_only_folders_right_there_are_models(folder: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        OnnxProvider(folder.parent).embedder(name)


def test_the_real_model_knows_what_is_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    models = Path(os.environ.get("KB_ONNX_MODELS", "nowhere"))
    if not (models / "all-MiniLM-L6-v2").is_dir():
        pytest.skip("KB_ONNX_MODELS names no folder with all-MiniLM-L6-v2")

    def no_network(*args: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    embedder = OnnxProvider(models).embedder("all-MiniLM-L6-v2")
    assert embedder.dimension == 384
    query = embedder.embed_query("That is a happy person")
    others = ["That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    # The values the original gives for this example.
    assert np.allclose(embedder.embed_documents(others) @ query, [0.6946, 0.9429, 0.2569], atol=0.002)
