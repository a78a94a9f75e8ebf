import numpy as np
import pytest

from ingestion.embed import HashedEmbedder, embed_chunks, embedding_text
from ingestion.errors import EmbeddingError
from ingestion.models import Chunk, Document, LoadedDocument, LoadedPage, PreparedDocument


def prepared(*texts: str, title: str = "", heading: tuple[str, ...] = ()) -> PreparedDocument:
    chunks = tuple(
        Chunk(index=i, text=text, search_text=text, start=0, end=len(text), heading=heading)
        for i, text in enumerate(texts)
    )
    return PreparedDocument(
        loaded=LoadedDocument(name="a.txt", media_type="text/plain", pages=(LoadedPage(number=None, text=""),)),
        document=Document(name="a.txt", media_type="text/plain", text="", title=title),
        chunks=chunks,
    )


class FixedEmbedder:
    """Returns what it is told, whatever is asked."""

    model_id = "fixed"
    dimension = 2

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked: list[list[str]] = []

    def embed_documents(self, texts):
        self.asked.append(list(texts))
        return np.array(self._answers.pop(0), dtype=np.float32)

    def embed_query(self, text):
        raise NotImplementedError


def test_the_builtin_embedder_gives_unit_vectors_of_its_dimension():
    embedder = HashedEmbedder()
    vectors = embedder.embed_documents(["知识库", "vector search", "", "，。"])
    assert vectors.shape == (4, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)


def test_the_builtin_embedder_is_the_same_in_every_process_and_for_query_and_document():
    embedder = HashedEmbedder()
    vector = embedder.embed_query("知识库 search")
    assert np.array_equal(vector, HashedEmbedder().embed_documents(["知识库 search"])[0])
    # Fixed values: another hash or another recipe needs a new model id, since stored vectors would not fit.
    assert np.flatnonzero(vector).tolist() == [34, 284, 322, 437, 458, 467]


def test_shared_wording_is_nearer_than_none():
    embedder = HashedEmbedder()
    question, right, wrong = embedder.embed_documents(
        ["南瓜书的公式推导", "南瓜书给出西瓜书公式的推导细节", "今天的午饭很好吃"]
    )
    assert question @ right > question @ wrong + 0.2


def test_title_and_headings_are_embedded_with_the_passage():
    chunk = prepared("body", title="JoyRL", heading=("JoyRL", "Install")).chunks[0]
    assert embedding_text("JoyRL", chunk) == "JoyRL\nInstall\nbody"
    assert embedding_text("", prepared("body").chunks[0]) == "body"


def test_chunks_are_embedded_in_batches_with_progress_and_normalised():
    embedder = FixedEmbedder([[3, 4], [0, 2]], [[5, 0]])
    seen = []
    vectors = embed_chunks(
        prepared("a", "b", "c"), embedder, batch_size=2, on_progress=lambda done, total: seen.append((done, total))
    )
    assert embedder.asked == [["a", "b"], ["c"]]
    assert seen == [(2, 3), (3, 3)]
    assert np.allclose(vectors, [[0.6, 0.8], [0, 1], [1, 0]])
    assert vectors.dtype == np.float32


def test_no_chunks_give_no_vectors():
    assert embed_chunks(prepared(), HashedEmbedder()).shape == (0, HashedEmbedder().dimension)


@pytest.mark.parametrize(
    "answer", [[[1, 0]], [[1, 0, 0], [0, 1, 0]], [[1, float("nan")], [0, 1]], [[1, float("inf")], [0, 1]]]
)
def test_wrong_vectors_are_refused(answer):
    with pytest.raises(EmbeddingError) as caught:
        embed_chunks(prepared("a", "b"), FixedEmbedder(answer))
    assert caught.value.code == "bad_vectors"
    assert caught.value.params == {"embedder": "fixed"}
