from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from ingestion.embed import HashedEmbedder
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.retriever import Retriever

TEXTS = {
    "pumpkin": ("南瓜书", "南瓜书（PumpkinBook）是周志华《机器学习》（西瓜书）的公式推导解析，由 Datawhale 编写。"),
    "joyrl": ("JoyRL", "JoyRL is a reinforcement learning library built on PyTorch. It supports parallel training."),
    "git": ("faster-git", "faster-git 是一个 Git 教程，介绍分支、合并与远程仓库的常用命令。"),
}


class ScriptedEmbedder:
    """Puts chosen texts at chosen places."""

    model_id = "scripted"
    dimension = 3
    places: ClassVar[dict[str, list[float]]] = {}

    def embed_documents(self, texts):
        return np.array([self.embed_query(text) for text in texts], dtype=np.float32)

    def embed_query(self, text):
        return np.array(self.places.get(text, [0, 0, 1]), dtype=np.float32)


class World:
    """A retriever over real keyword indexes, with chunks and vectors in memory."""

    def __init__(self, folder: Path, truth, vectors, make_chunk, embedder):
        self.truth, self.vectors, self.keyword = truth, vectors, KeywordIndex(folder)
        self._make_chunk, self._embedder = make_chunk, embedder
        self.retriever = Retriever(truth, self.keyword, vectors, lambda base_id: embedder)

    def add(self, text: str, document_id: str, index: int = 0, **changes):
        chunk = self._make_chunk(text, document_id, index, **changes)
        self.truth.held[chunk.id] = chunk
        self.keyword.add(chunk.base_id, [chunk])
        self.vectors.add(chunk.base_id, [chunk.id], self._embedder.embed_documents([text]))
        return chunk

    def add_library(self):
        for name, (title, text) in TEXTS.items():
            self.add(text, name, title=title)

    def documents(self, question: str, *bases: str) -> list[str]:
        return [hit.chunk.document_id for hit in self.retriever.retrieve(question, bases or ("base",)).hits]


@pytest.fixture
def world(tmp_path, truth, vectors, make_chunk):
    return World(tmp_path, truth, vectors, make_chunk, HashedEmbedder())


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("什么是南瓜书？", "pumpkin"),
        ("什麼是南瓜書？", "pumpkin"),
        ("介绍下 joyrl", "joyrl"),
        ("Which library is JoyRL built on?", "joyrl"),
        ("Git 教程介绍了哪些命令", "git"),
    ],
)
def test_a_base_of_three_documents_answers(world, question, document):
    world.add_library()
    result = world.retriever.retrieve(question, ["base"])
    assert result.hits[0].chunk.document_id == document
    assert result.found
    assert 0 < result.confidence <= 1
    assert result.elapsed_s > 0


@pytest.mark.parametrize(
    "question",
    [
        "王阳明是谁？",
        "怎么退货",
        "你好",
        "谢谢！",
        "你是谁",
        "今天天气怎么样？",
        "write a poem",
        "Hello!",
        "What is the capital of France?",
    ],
)
def test_what_is_not_there_is_not_found(world, question):
    world.add_library()
    assert not world.retriever.retrieve(question, ["base"]).found


@pytest.mark.parametrize("question", ["", "？！", "   "])
def test_a_question_without_terms_finds_nothing(world, question):
    world.add_library()
    result = world.retriever.retrieve(question, ["base"])
    assert (result.hits, result.found, result.confidence) == ((), False, 0.0)


def test_scores_fall_and_are_explained(world):
    world.add_library()
    hits = world.retriever.retrieve("JoyRL library PyTorch 教程", ["base"]).hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert 0 < hits[0].parts["bm25"] <= 1
    assert hits[0].parts["dense"] == 0


def test_a_removed_document_never_answers_though_the_indexes_lag(world):
    world.add_library()
    del world.truth.held["joyrl:0"]
    assert "joyrl" not in world.documents("joyrl pytorch")


def test_several_bases_are_searched_at_once_and_others_are_not(world):
    world.add("The red house stands in Berlin.", "a", base_id="one", id="a1")
    world.add("The red house stands in Madrid.", "b", base_id="two", id="b1")
    world.add("The red house stands in Lisbon.", "c", base_id="three", id="c1")
    assert set(world.documents("Where does the red house stand?", "one", "two")) == {"a", "b"}
    assert world.documents("Where does the red house stand?", "two", "two") == ["b"]


def test_the_same_document_in_two_bases_is_as_sure_as_in_one(world):
    for base in ("one", "two"):
        world.add(
            "水烧开以后放两分钟，大约就是八十五度，没有温度计也能判断。", f"tea-{base}", base_id=base, id=f"{base}:0"
        )
        world.add("自行车链条每两百公里上一次油。", f"bike-{base}", base_id=base, id=f"{base}b:0")
    alone = world.retriever.retrieve("没有温度计怎么判断水温？", ["one"])
    both = world.retriever.retrieve("没有温度计怎么判断水温？", ["one", "two"])
    assert alone.found
    assert both.found
    assert both.confidence > alone.confidence - 0.1


def test_a_passage_of_another_base_is_not_told_though_an_index_holds_it(world, make_chunk):
    chunk = make_chunk("secret words of another base", "d", 0, base_id="other")
    world.truth.held[chunk.id] = chunk
    world.keyword.add("base", [chunk])
    assert world.documents("secret words") == []


def test_an_empty_base_gives_nothing(world):
    retrieval = world.retriever.retrieve("anything", ["never-made"])
    assert (retrieval.hits, retrieval.found) == ((), False)


def test_top_k_bounds_the_hits(world):
    for number in range(6):
        world.add(f"apples of kind {number} grow on tree {number * 7}", f"d{number}")
    assert len(world.retriever.retrieve("apples tree", ["base"], top_k=2).hits) == 2


def test_near_duplicates_are_folded(world):
    text = "The quick brown fox jumps over the lazy dog near the river bank."
    world.add(text, "a")
    world.add(text + "!", "b")
    world.add("A fox of another colour lives in the forest.", "c")
    assert sorted(world.documents("brown fox")) in (["a", "c"], ["b", "c"])


def test_what_is_folded_makes_room_for_the_next(world):
    for number in range(2):
        world.add(f"The quick brown fox jumps over the lazy dog near the river bank{'!' * number}", f"a{number}")
    world.add("A fox of another colour lives in the forest.", "c")
    found = [hit.chunk.document_id for hit in world.retriever.retrieve("brown fox", ["base"], top_k=2).hits]
    assert len(found) == 2
    assert "c" in found


class ShortSighted:
    """A reranker that likes the last passage it reads best, and none of them much."""

    def scores(self, question, passages):
        return [0.001 * place for place, _ in enumerate(passages)]


def test_what_the_reranker_did_not_read_comes_after_what_it_did(world, monkeypatch):
    monkeypatch.setattr("kb_app.retrieval.retriever.RERANKED", 2)
    for number in range(4):
        world.add(f"apples of kind {number} grow on tree {number * 7}", f"d{number}")
    plain = [hit.chunk.id for hit in world.retriever.retrieve("apples tree", ["base"]).hits]
    retriever = Retriever(world.truth, world.keyword, world.vectors, lambda _: HashedEmbedder(), ShortSighted())
    hits = retriever.retrieve("apples tree", ["base"]).hits
    assert [hit.chunk.id for hit in hits] == [plain[1], plain[0], *plain[2:]]
    assert [hit.score for hit in hits] == [0.001, 0.0, 0.0, 0.0], "scores never rise"


def test_neighbours_are_joined_into_one_exact_passage(world):
    text = "第一句说的是苹果。第二句说的是梨子。"
    world.add(text[:9], "d", 0, start=0, end=9)
    world.add(text[9:], "d", 1, start=9, end=18)
    (hit,) = world.retriever.retrieve("苹果", ["base"]).hits
    assert hit.chunk.text == text
    assert (hit.chunk.start, hit.chunk.end, hit.chunk.id) == (0, 18, "d:0")


def test_the_builtin_embedder_does_not_vote(tmp_path, truth, make_chunk):
    class Refusing:
        def query(self, base_id, vector, top_k):
            raise AssertionError("asked")

        def add(self, base_id, chunk_ids, vectors):
            pass

    world = World(tmp_path, truth, Refusing(), make_chunk, HashedEmbedder())
    world.add_library()
    assert world.documents("joyrl")[0] == "joyrl"


def test_a_neural_embedder_finds_what_shares_no_word(tmp_path, truth, vectors, make_chunk):
    embedder = ScriptedEmbedder()
    embedder.places = {"The canine slept.": [1, 0, 0], "Where did the dog rest?": [0.9, 0.1, 0]}
    world = World(tmp_path, truth, vectors, make_chunk, embedder)
    world.add("The canine slept.", "near")
    world.add("Cars are fast.", "far")
    assert world.documents("Where did the dog rest?")[0] == "near"
    assert world.retriever.retrieve("Where did the dog rest?", ["base"], vote=False).hits == ()


def test_a_changed_chunk_is_scored_by_its_new_text(world):
    world.add("apples and pears", "d")
    world.documents("apples")
    world.add("cars and trains", "d")
    hits = world.retriever.retrieve("trains", ["base"]).hits
    assert hits[0].parts["bm25"] > 0


def test_a_misspelt_word_finds_what_was_meant(world):
    world.add("The Maastricht Treaty was signed in 1992.", "treaty")
    world.add("The Lisbon Treaty was signed in 2007.", "lisbon")
    assert world.documents("When was the Maastrich Treaty signed?")[0] == "treaty"
    assert world.retriever.rank("Who signed the Maastrich Treaty?", ["base"]).question.meant == (
        ("maastrich", "maastricht"),
    )


def test_a_pasted_text_of_unknown_words_is_not_compared_with_all_known_ones(world, monkeypatch):
    world.add("The Maastricht Treaty was signed in 1992.", "treaty")
    compared = []
    monkeypatch.setattr("kb_app.retrieval.retriever.nearest", lambda term, *_: compared.append(term) or "")
    letters = "abcdefghijklmnopqrstuvwxyz"
    world.retriever.rank(" ".join(f"maastrich{a}{b}" for a in letters for b in letters), ["base"])
    assert compared == []
    world.retriever.rank("maastricha", ["base"])
    assert len(compared) == 1


def test_a_word_that_somebody_wrote_is_never_taken_for_another(world):
    world.add("The trail follows the ridge.", "trail")
    world.add("The train follows the river.", "train")
    assert world.retriever.rank("Where is the trail?", ["base"]).question.meant == ()


def test_a_common_word_is_not_misspelt_because_no_document_holds_it(world):
    world.add("The model is ready.", "model")
    assert world.retriever.rank("Where is the module?", ["base"]).question.meant == ()
    assert world.retriever.rank("Where is the moddel?", ["base"]).question.meant == (("moddel", "model"),)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("該軟體於西元二零一八年發佈，採用開放原始碼授權。", "该软体采用什么授权？"),
        ("面条是用小麦粉制成的。", "麵條是用什麼製成的？"),
    ],
)
def test_a_question_finds_text_of_the_other_chinese_script(world, text, question):
    world.add_library()
    world.add(text, "other")
    assert world.documents(question)[0] == "other"
