"""Embedding models from ONNX files in the data folder, run on this machine's processor; no torch, no network.

``models/NAME`` holds ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``, as sentence-transformers
publishes them. Of the files beside them these are heeded where present: ``1_Pooling/config.json`` (mean or first
token), ``sentence_bert_config.json`` (length), ``config_sentence_transformers.json`` (prompts).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ingestion.protocols import Vectors
from kb_app.errors import ModelFileError, ModelNotFoundError, ProviderError, error_info
from kb_app.models import ModelInfo
from kb_app.protocols import ChatModel
from kb_app.providers.endpoint import Origin

if TYPE_CHECKING:
    import onnxruntime  # type: ignore[import-untyped]
    import tokenizers

NAME = "onnx"
_BATCH = 32
_DEFAULT_LENGTH = 512
_MOST_THREADS = 4
_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the files beside a model say. ``max_tokens`` is the longest text it was trained for."""

    max_tokens: int
    first_token: bool
    query_prompt: str
    document_prompt: str


class OnnxProvider:
    """The folders of models below one folder."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        """Offer what lies in ``folder``, which need not exist; it is looked at anew for every listing."""
        self._folder = folder

    def models(self) -> list[ModelInfo]:
        """List the folders that hold a model; one whose files are incomplete is a state."""
        if not self._folder.is_dir():
            return []
        folders = sorted(path for path in self._folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        return [self._info(path) for path in folders]

    def _info(self, folder: Path) -> ModelInfo:
        model_id = f"{NAME}/{folder.name}"
        try:
            files = model_files(folder)
            facts = read_facts(folder)
        except ProviderError as error:
            failure = error_info(error)
            return ModelInfo(id=model_id, provider=NAME, kind="embedding", state="unreachable", error=failure)
        details = {"size_bytes": sum(path.stat().st_size for path in files), "context_tokens": facts.max_tokens}
        return ModelInfo(id=model_id, provider=NAME, kind="embedding", state="ready", details=details)

    def chat_model(self, model: str) -> ChatModel:
        """Raise ModelNotFoundError: there is none."""
        raise _origin(model, self._folder).error(ModelNotFoundError, "no chat models")

    def embedder(self, model: str) -> OnnxEmbedder:
        """Return the embedder in the folder ``model``. Raises ModelNotFoundError."""
        folder = self._folder / model
        if not model or folder.parent != self._folder or not folder.is_dir():
            raise _origin(model, self._folder).error(ModelNotFoundError, "no such folder")
        return OnnxEmbedder(folder)


class OnnxEmbedder:
    """One model, loaded when it is first used. Texts longer than its window become the mean of their windows."""

    def __init__(self, folder: Path) -> None:
        """Use the model in ``folder``; nothing is read yet."""
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._stamp: tuple[int, int] = (0, 0)

    @property
    def model_id(self) -> str:
        """Id such as ``onnx/all-MiniLM-L6-v2``."""
        return f"{NAME}/{self._folder.name}"

    @property
    def dimension(self) -> int:
        """Length of every vector. Raises ModelFileError."""
        return self._model().dimension

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), dimension). Raises ModelFileError."""
        model = self._model()
        return model.embed([model.facts.document_prompt + text for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """Return a float32 unit vector of shape (dimension,). Raises ModelFileError."""
        model = self._model()
        vector: Vectors = model.embed([model.facts.query_prompt + text])[0]
        return vector

    def _model(self) -> _Loaded:
        with self._lock:
            facts = model_files(self._folder)[0].stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
            if self._loaded is None or stamp != self._stamp:  # another file is in its place now
                self._loaded, self._stamp = _Loaded(self._folder), stamp
            return self._loaded


class _Loaded:
    """Tokenizer and session; both may be used by several threads at once."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        import tokenizers

        model_file, tokenizer_file = model_files(folder)
        self.facts = read_facts(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(_MOST_THREADS, os.cpu_count() or 1)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # answers need the processor too
        try:
            self._tokenizer: tokenizers.Tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_file))
            self._session = onnxruntime.InferenceSession(str(model_file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise bare exceptions of their own for files they cannot read
            raise _broken(folder, f"{type(error).__name__}: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.facts.max_tokens)
        self._inputs = [one.name for one in self._session.get_inputs()]
        if not {"input_ids"} <= set(self._inputs) <= _INPUTS:
            raise _broken(folder, f"inputs {self._inputs}")
        self._output = _best_output(self._session)
        self.dimension: int = self.embed(["dimension"]).shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors in the order of ``texts``."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        windows: list[Sequence[int]] = []
        owners: list[int] = []
        for number, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            for window in (encoding, *encoding.overflowing):
                windows.append(window.ids)
                owners.append(number)
        lengths = np.array([len(window) for window in windows], dtype=np.float32)
        vectors = self._windows(windows) * lengths[:, None]
        summed = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32)
        np.add.at(summed, owners, vectors)
        return _unit(summed)

    def _windows(self, windows: Sequence[Sequence[int]]) -> Vectors:
        order = sorted(range(len(windows)), key=lambda number: len(windows[number]))  # little padding
        parts = [self._run([windows[number] for number in batch]) for batch in _batches(order)]
        vectors = np.empty((len(windows), parts[0].shape[1]), dtype=np.float32)
        vectors[order] = np.concatenate(parts)
        return vectors

    def _run(self, windows: Sequence[Sequence[int]]) -> Vectors:
        ids = np.zeros((len(windows), max(map(len, windows))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        result = self._session.run([self._output], {name: given[name] for name in self._inputs})
        output: Vectors = np.asarray(result[0], dtype=np.float32)
        if output.ndim == 2:  # the graph pools by itself
            return _unit(output)
        if self.facts.first_token:
            return _unit(output[:, 0])
        weights = mask[:, :, None].astype(np.float32)
        return _unit((output * weights).sum(axis=1) / weights.sum(axis=1))


def _batches(order: Sequence[int]) -> Iterator[Sequence[int]]:
    return (order[start : start + _BATCH] for start in range(0, len(order), _BATCH))


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def _best_output(session: onnxruntime.InferenceSession) -> str:
    """Return the name of the pooled output where there is one, else of the tokens' vectors (the first)."""
    names: list[str] = [one.name for one in session.get_outputs()]
    return "sentence_embedding" if "sentence_embedding" in names else names[0]


def model_files(folder: Path) -> tuple[Path, Path]:
    """Return the files of model and tokenizer. Raises ModelFileError when one is missing."""
    found = [path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()]
    tokenizer = folder / "tokenizer.json"
    if not found:
        raise _broken(folder, "model.onnx")
    if not tokenizer.is_file():
        raise _broken(folder, "tokenizer.json")
    return found[0], tokenizer


def read_facts(folder: Path) -> Facts:
    """Return what the files beside the model say. Raises ModelFileError when one is not JSON."""
    pooling = _json(folder / "1_Pooling" / "config.json")
    sentence = _json(folder / "sentence_bert_config.json")
    prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
    positions = _json(folder / "config.json").get("max_position_embeddings") or _DEFAULT_LENGTH
    return Facts(
        max_tokens=int(sentence.get("max_seq_length") or min(positions, _DEFAULT_LENGTH)),
        first_token=bool(pooling.get("pooling_mode_cls_token")),
        query_prompt=str(prompts.get("query") or ""),
        document_prompt=str(prompts.get("document") or prompts.get("passage") or ""),
    )


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _broken(path.parent, path.name) from error
    return content if isinstance(content, dict) else {}


def _origin(model: str, folder: Path) -> Origin:
    return Origin(provider=NAME, address=str(folder), model=model)


def _broken(folder: Path, problem: str) -> ModelFileError:
    return _origin(folder.name, folder).error(ModelFileError, problem, problem=problem[:200])
