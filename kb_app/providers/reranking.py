"""A reranking server: one question and many passages in, how relevant each is out.

The protocol is Jina's ``/rerank``, which vLLM, LocalAI, Xinference, SiliconFlow and others speak as well.
"""

import math
from collections.abc import Sequence
from typing import Any

from kb_app.errors import BadResponseError, ProviderTimeoutError
from kb_app.providers.bounds import bound
from kb_app.providers.endpoint import Endpoint, Origin, clean_address, is_local
from kb_app.providers.failures import status_error, transport_error
from kb_app.providers.stream import Hangup

PATH = "/rerank"
#: Searches wait for this, from the first byte sent to the last received.
TIMEOUT_S = 8.0
_NAME = "reranker"


class HttpReranker:
    """One model of a reranking server. Safe to share between threads."""

    def __init__(self, endpoint: Endpoint, model: str, timeout_s: float = TIMEOUT_S) -> None:
        """Ask ``model`` at ``endpoint``; nothing is sent yet. Raises ConfigurationError for a wrong address."""
        self.model_id = f"{_NAME}/{model}"
        self._model = model
        self._address = clean_address(_NAME, endpoint.base_url).removesuffix(PATH)
        self._key = endpoint.key
        self._timeout_s = timeout_s

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return how relevant each passage is, in [0, 1], in the order of the passages. Raises ProviderError."""
        import httpx

        origin = Origin(provider=_NAME, address=self._address, model=self._model, key=self._key)
        body = {"model": self._model, "query": question, "documents": list(passages), "top_n": len(passages)}
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        hangup = Hangup()
        # httpx limits the wait for each piece only, and a server can send one byte at a time.
        client = httpx.Client(
            timeout=self._timeout_s,
            # No proxy stands between this machine and a server of its own network.
            trust_env=not is_local(self._address),
            event_hooks={"response": [bound], "request": [hangup.watch]},
        )
        try:
            with hangup.deadline(self._timeout_s), client:
                response = client.post(self._address + PATH, json=body, headers=headers)
        except httpx.HTTPError as error:
            if not hangup.expired:
                raise transport_error(origin, error) from error
        if hangup.expired:
            raise origin.error(ProviderTimeoutError, f"no answer within {self._timeout_s:g} s")
        if response.status_code != 200:
            raise status_error(origin, response.status_code, response.text, response.headers)
        try:
            return _in_order(response.json()["results"], len(passages))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
            raise origin.error(BadResponseError, f"{type(error).__name__}: {response.text[:200]}") from error


def _in_order(results: Sequence[dict[str, Any]], count: int) -> list[float]:
    """Return the scores by passage; servers sort them by score, and some give logits instead of shares."""
    found = {int(one["index"]): float(one["relevance_score"]) for one in results}
    scores = [found[index] for index in range(count)]
    if not all(map(math.isfinite, scores)):
        raise ValueError("a score is no number")
    if all(0.0 <= score <= 1.0 for score in scores):
        return scores
    return [1 / (1 + math.exp(-max(-30.0, min(30.0, score)))) for score in scores]
