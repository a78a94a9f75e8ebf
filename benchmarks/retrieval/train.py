"""Train the weights in ``kb_app/retrieval/data/weights.toml``.

python -m benchmarks.retrieval.train CMRC.json XQUAD.json

Questions of articles with an even number train, the others are held out. Prints the weights and the figures of both
halves; nothing is written.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.retrieval.corpus import Corpus, Query, build_retriever, load_corpus, squash
from kb_app.retrieval.confidence import SIGNALS, signals
from kb_app.retrieval.rerank import FEATURES
from kb_app.retrieval.retriever import Retriever

RERANK_FEATURES = ("bm25", "sentence_units", "sentence_pairs", "title", "title_named")
_CANDIDATES = 30
_DECLINED = 0.92
_CHINESE, _SIZE = SIGNALS.index("chinese"), SIGNALS.index("size")


def is_train(query: Query) -> bool:
    """Whether the query belongs to the training half."""
    return int(query.document[1:6]) % 2 == 0


def candidates(retriever: Retriever, query: Query) -> tuple[np.ndarray, np.ndarray]:
    """Return features, shape (candidates, features), and which candidates hold the answer."""
    answers = [squash(answer) for answer in query.answers]
    evidence = retriever.rank(query.text, ["base"]).evidence[:_CANDIDATES]
    columns = [FEATURES.index(name) for name in RERANK_FEATURES]
    values = np.array([found.values for found in evidence])[:, columns] if evidence else np.zeros((0, len(columns)))
    chunks = [found.prepared.chunk for found in evidence]
    right = [c.document_name == query.document and any(a in squash(c.text) for a in answers) for c in chunks]
    return values, np.array(right, dtype=bool)


def softmax_weights(rows: Sequence[tuple[np.ndarray, np.ndarray]], shares: np.ndarray, steps: int = 1500) -> np.ndarray:
    """Return weights minimising -log P(a right candidate), by Adam; ``shares`` weigh the questions."""
    width, size = rows[0][0].shape[1], max(len(values) for values, _ in rows)
    features = np.zeros((len(rows), size, width))
    every, right = (np.full((len(rows), size), -1e9) for _ in range(2))
    for i, (values, mask) in enumerate(rows):
        features[i, : len(values)] = values
        every[i, : len(values)] = 0
        right[i, : len(values)] = np.where(mask, 0, -1e9)

    def gradient(weights: np.ndarray) -> np.ndarray:
        logits = features @ weights
        difference = _softmax(logits + every) - _softmax(logits + right)
        return (shares[:, None, None] * difference[:, :, None] * features).sum((0, 1)) + 1e-5 * weights

    return _adam(gradient, width, steps)


def logistic_weights(inputs: np.ndarray, labels: np.ndarray, shares: np.ndarray, steps: int = 3000) -> np.ndarray:
    """Return the weights and, last, the intercept of a logistic regression."""
    extended = np.hstack([inputs, np.ones((len(inputs), 1))])

    def gradient(weights: np.ndarray) -> np.ndarray:
        probability = 1 / (1 + np.exp(-extended @ weights))
        return extended.T @ (shares * (probability - labels)) / shares.sum() + 1e-4 * np.append(weights[:-1], 0)

    return _adam(gradient, extended.shape[1], steps)


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _adam(gradient, width: int, steps: int, rate: float = 0.1) -> np.ndarray:
    weights, first, second = np.zeros(width), np.zeros(width), np.zeros(width)
    for step in range(1, steps + 1):
        slope = gradient(weights)
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        weights = weights - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-9)
    return weights


def strictness(rows: np.ndarray, labels: np.ndarray, fitted: np.ndarray) -> float:
    """Return below which logit the wished share of the foreign questions lies, with half of the articles indexed.

    Intercept and ``chinese`` are to be moved until the threshold lies there in both languages.
    """
    foreign = rows[(labels == 0) & (rows[:, _SIZE] > rows[:, _SIZE].max() - 0.1)]
    return round(float(np.quantile(foreign @ fitted[:-1] + fitted[-1], _DECLINED)), 3)


def half_of(corpus: Corpus, count: int, seed: int) -> Corpus:
    """Return the corpus with ``count`` of its articles, chosen by ``seed``; all questions stay."""
    names = sorted({query.document for query in corpus.queries})
    random.Random(seed).shuffle(names)
    inside = set(names[:count])
    return Corpus(corpus.base_id, [c for c in corpus.chunks if c.document_name in inside], corpus.queries)


def rejection_rows(part: Corpus, queries: Sequence[Query]) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence's inputs of each question and whether its article is indexed."""
    inside = {chunk.document_name for chunk in part.chunks}
    with tempfile.TemporaryDirectory() as folder:
        retriever = build_retriever([part], Path(folder))
        rankings = [(retriever.rank(query.text, ["base"]), query) for query in queries]
    rows = [signals(found) if found.evidence else (0.0,) * len(SIGNALS) for found, _ in rankings]
    return np.array(rows), np.array([query.document in inside for _, query in rankings], dtype=float)


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the area under the ROC curve by ranks."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    own = labels.sum()
    return float((ranks[labels == 1].sum() - own * (own + 1) / 2) / (own * (len(labels) - own)))


def _rejection_parts(corpus: Corpus, train: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    queries = [query for query in corpus.queries if is_train(query) == train]
    total = len({query.document for query in corpus.queries})
    parts = []
    for count, draws, share in ((total // 2, 4, 1.0), (3, 12, 0.2), (10, 12, 0.2), (50, 12, 0.2)):
        if count >= total:
            continue
        for seed in range(draws):
            part = half_of(corpus, count, seed)
            inside = {chunk.document_name for chunk in part.chunks}
            own = [query for query in queries if query.document in inside]
            foreign = [query for query in queries if query.document not in inside]
            random.Random(seed).shuffle(foreign)
            if not own:
                continue
            rows, labels = rejection_rows(part, own + foreign[: max(80, len(own))])
            shares = np.where(labels == 1, 1 / labels.sum(), 1 / (len(labels) - labels.sum())) * share / draws
            parts.append((rows, labels, shares))
    rows, labels, shares = (np.concatenate(piece) for piece in zip(*parts, strict=True))
    return rows, labels, shares


def main() -> int:
    """Train on both sets at equal weight and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="SQuAD-style JSON")
    data = parser.parse_args().data
    corpora = [load_corpus(argument, "base") for argument in data]
    ranked, shares = [], []
    for corpus in corpora:
        queries = [query for query in corpus.queries if is_train(query)]
        with tempfile.TemporaryDirectory() as folder:
            retriever = build_retriever([corpus], Path(folder))
            rows = [row for query in queries if (row := candidates(retriever, query))[1].any()]
        ranked += rows
        shares += [1 / len(rows)] * len(rows)
    weights = softmax_weights(ranked, np.array(shares) / len(corpora))
    print(json.dumps({"rerank": dict(zip(RERANK_FEATURES, (weights / weights[0]).round(3).tolist(), strict=True))}))
    parts = [_rejection_parts(corpus, train=True) for corpus in corpora]
    rows, labels, weights_of = (np.concatenate(piece) for piece in zip(*parts, strict=True))
    fitted = logistic_weights(rows, labels, weights_of)
    strict = {"en" if part[0][:, _CHINESE].mean() < 0.5 else "zh": strictness(*part[:2], fitted) for part in parts}
    print(json.dumps({"logit declining": _DECLINED, **strict}))
    named = dict(zip((*SIGNALS, "intercept"), fitted.round(3).tolist(), strict=True))
    print(json.dumps({"confidence": named}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
