"""The reranker over real HTTP, and what a search shows when it fails."""

import pytest
from protocol_servers.http_server import ProtocolServer, Reply, json_reply
from pydantic import SecretStr

from kb_app.app import build_app
from kb_app.errors import AuthError, BadResponseError, ProviderTimeoutError, RateLimitError, UnreachableError
from kb_app.providers.endpoint import Endpoint
from kb_app.providers.reranking import HttpReranker
from kb_app.services.documents.library import Upload
from kb_app.settings import RerankerSettings, load_settings

PASSAGES = ["bees", "wasps", "ants"]


class RerankServer(ProtocolServer):
    """Scores as it is told, best first as real servers do."""

    def __init__(self):
        super().__init__()
        self.scores = [0.1, 0.9, 0.5]
        self.reply = None

    def answer(self, request):
        if self.reply is not None:
            return self.reply
        scores = (self.scores * 30)[: len(request.body["documents"])]
        results = [{"index": n, "relevance_score": score} for n, score in enumerate(scores)]
        return json_reply({"results": sorted(results, key=lambda one: -one["relevance_score"])})


@pytest.fixture
def server():
    with RerankServer() as running:
        yield running


def reranker(server, **more):
    endpoint = Endpoint(base_url=f"{server.url}/v1", api_key=SecretStr("sk-secret1"))
    return HttpReranker(endpoint, "bge", **more)


def test_scores_come_back_in_the_order_of_the_passages(server):
    assert reranker(server).scores("bees?", PASSAGES) == [0.1, 0.9, 0.5]
    request = server.requests[0]
    assert request.path == "/v1/rerank"
    assert request.headers["authorization"] == "Bearer sk-secret1"
    assert request.body == {"model": "bge", "query": "bees?", "documents": PASSAGES, "top_n": 3}


def test_logits_become_shares_in_the_same_order(server):
    server.scores = [-4.0, 7.5, 0.0]
    low, high, middle = reranker(server).scores("bees?", PASSAGES)
    assert 0 <= low < middle == 0.5 < high <= 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (json_reply({"detail": "no"}, 401), AuthError),
        (json_reply({"detail": "slow down"}, 429), RateLimitError),
        (json_reply({"results": [{"index": 0, "relevance_score": 1.0}]}), BadResponseError),
        (json_reply({"results": [{"index": n, "relevance_score": "x"} for n in range(3)]}), BadResponseError),
        (Reply(pieces=[b'{"results": [{"index": Infinity, "relevance_score": 1}]}']), BadResponseError),
        (Reply(pieces=[b"[" * 100_000]), BadResponseError),
        (Reply(pieces=[b"<html>"]), BadResponseError),
        (Reply(pieces=[b"{}"], delay_s=60.0), ProviderTimeoutError),
    ],
)
def test_each_failure_is_typed_and_keeps_the_key_to_itself(server, reply, error):
    server.reply = reply
    with pytest.raises(error) as caught:
        reranker(server, timeout_s=0.3 if error is ProviderTimeoutError else 60.0).scores("bees?", PASSAGES)
    assert caught.value.params["model"] == "bge"
    assert "sk-secret1" not in str(caught.value)


@pytest.mark.parametrize("head", [{}, {"Connection": "close"}], ids=["kept", "closed"])
def test_an_answer_that_only_drips_is_given_up_in_time(server, head):
    whole = b'{"results": [%s]}' % b",".join(b'{"index": %d, "relevance_score": 1}' % n for n in range(3))
    server.reply = Reply(pieces=[bytes([byte]) for byte in whole], gap_s=0.1, headers=head)
    with pytest.raises(ProviderTimeoutError):
        reranker(server, timeout_s=0.4).scores("bees?", PASSAGES)
    assert server.client_gone.wait(60)


def test_nobody_at_the_address_is_unreachable():
    with pytest.raises(UnreachableError):
        HttpReranker(Endpoint(base_url="http://127.0.0.1:1"), "bge").scores("bees?", PASSAGES)


def test_a_search_takes_the_order_of_the_reranker_and_tells_when_it_failed(server, tmp_path):
    settings = load_settings(tmp_path, reranker=RerankerSettings(base_url=f"{server.url}/v1", model="bge"))
    with build_app(settings, owner=True) as app:
        base = app.library.create("Bees")
        texts = ("Bees keep the brood warm.", "Bees fly far for food.", "Bees live in hives.")
        uploads = [Upload(name=f"{n}.txt", data=text.encode()) for n, text in enumerate(texts)]
        app.jobs.wait(app.library.add_files(base.id, uploads))
        found = app.retriever.retrieve("Where do bees live?", [base.id])
        assert [hit.score for hit in found.hits] == [0.9, 0.5, 0.1]
        assert found.hits[0].parts["reranker"] == 0.9
        assert found.problem is None
        server.reply = json_reply({"detail": "broken"}, 500)
        alone = app.retriever.retrieve("Where do bees live?", [base.id])
        assert alone.problem.code == "server_error"
        assert alone.hits[0].chunk.text == "Bees live in hives."
        answer = app.retriever.retrieve("Where do bees live?", [base.id], top_k=1)
        assert len(answer.hits) == 1
