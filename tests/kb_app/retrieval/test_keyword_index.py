import multiprocessing
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tantivy

from ingestion.analyzer import terms
from kb_app.errors import KeywordIndexError
from kb_app.retrieval.keyword import KeywordIndex


@pytest.fixture
def index(tmp_path: Path) -> KeywordIndex:
    return KeywordIndex(tmp_path / "keyword")


def found(index: KeywordIndex, question: str, base_id: str = "base") -> list[str]:
    return [name for name, _ in index.search(base_id, terms(question), 50)]


def use(index: KeywordIndex) -> None:
    index.search("base", ["word"], 5)
    index.ids("base")


def test_the_best_match_comes_first_and_scores_fall(index, make_chunk):
    index.add("base", [make_chunk("南瓜书是西瓜书的公式推导", "d1"), make_chunk("西瓜很甜", "d2")])
    hits = index.search("base", terms("南瓜书的公式"), 50)
    assert [name for name, _ in hits] == ["d1:0", "d2:0"]
    assert hits[0][1] > hits[1][1] > 0


def test_title_and_heading_are_searched_and_title_counts_more(index, make_chunk):
    index.add(
        "base",
        [
            make_chunk("a long text about other things with joyrl in it", "d1"),
            make_chunk("a long text about other things with nothing in it", "d2", title="JoyRL"),
            make_chunk("a long text about other things with nothing in it", "d3", heading=("Install", "JoyRL")),
        ],
    )
    assert set(found(index, "joyrl")) == {"d1:0", "d2:0", "d3:0"}


def test_traditional_and_simplified_find_each_other(index, make_chunk):
    index.add("base", [make_chunk("機器學習的數學基礎", "d1"), make_chunk("机器学习的数学基础", "d2")])
    assert set(found(index, "机器学习")) == set(found(index, "機器學習")) == {"d1:0", "d2:0"}


def test_adding_a_chunk_again_replaces_it(index, make_chunk):
    index.add("base", [make_chunk("old words")])
    index.add("base", [make_chunk("new content")])
    assert found(index, "old words") == []
    assert found(index, "new content") == ["d1:0"]
    assert index.ids("base") == {"d1:0"}


def test_deleted_documents_are_gone_and_others_stay(index, make_chunk):
    chunks = [make_chunk("shared words", document, number) for document in ("d1", "d2") for number in range(3)]
    index.add("base", chunks)
    index.delete_documents("base", ["d1", "never-there"])
    assert index.ids("base") == {"d2:0", "d2:1", "d2:2"}
    assert set(found(index, "shared words")) == {"d2:0", "d2:1", "d2:2"}


def test_bases_do_not_see_each_other(index, make_chunk):
    index.add("one", [make_chunk("same words", "d1")])
    index.add("two", [make_chunk("same words", "d2")])
    assert found(index, "same words", "one") == ["d1:0"]
    index.drop("one")
    assert found(index, "same words", "two") == ["d2:0"]


def test_an_empty_batch_makes_an_empty_index(index):
    index.add("base", [])
    assert index.ids("base") == set()
    assert found(index, "anything") == []


@pytest.mark.parametrize("query", [[], ["neverseen"]])
def test_nothing_is_found_for_no_terms_or_unknown_ones(index, make_chunk, query):
    index.add("base", [make_chunk("some words")])
    assert index.search("base", query, 10) == []


def test_statistics_count_chunks_and_terms(index, make_chunk):
    index.add("base", [make_chunk("red apple", "d1"), make_chunk("red pear tree house", "d2")])
    statistics = index.statistics("base", ["red", "appl", "none"])
    assert statistics.chunk_count == 2
    assert statistics.average_length == 3
    assert statistics.frequencies == {"red": 2, "appl": 1, "none": 0}


def test_a_base_to_which_nothing_was_added_is_empty(index):
    assert index.search("never-made", ["a"], 5) == []
    assert index.statistics("never-made", ["a"]).chunk_count == 0


def test_an_index_that_vanishes_is_reported(index, make_chunk, tmp_path):
    index.add("base", [make_chunk("some words")])
    index.search("base", ["some"], 5)
    shutil.rmtree(tmp_path / "keyword" / "base")
    calls = (index.ids, lambda base: index.search(base, ["a"], 5), lambda base: index.delete_documents(base, ["d"]))
    for call in calls:
        with pytest.raises(KeywordIndexError) as caught:
            call("base")
        assert caught.value.code == "index_damaged"


@pytest.mark.parametrize("damage", ["meta", "segments", "all empty"])
def test_a_damaged_index_is_reported_and_can_be_rebuilt(index, make_chunk, tmp_path, damage):
    index.add("base", [make_chunk("some words")])
    folder = tmp_path / "keyword" / "base"
    for file in folder.iterdir():
        if (file.name == "meta.json") == (damage == "meta") or damage == "all empty":
            file.write_bytes(file.read_bytes()[: 10 if damage == "meta" else 0])
    fresh = KeywordIndex(tmp_path / "keyword")
    with pytest.raises(KeywordIndexError):
        use(fresh)
    fresh.drop("base")
    fresh.add("base", [make_chunk("some words")])
    assert found(fresh, "words") == ["d1:0"]


def test_a_failed_batch_changes_nothing(index, make_chunk):
    index.add("base", [make_chunk("first words", "d1")])
    broken = make_chunk("second", "d2", search_text=None)
    with pytest.raises(AttributeError):
        index.add("base", [make_chunk("third words", "d3"), broken])
    assert index.ids("base") == {"d1:0"}
    index.add("base", [make_chunk("fourth words", "d4")])
    assert index.ids("base") == {"d1:0", "d4:0"}


def test_a_busy_index_is_reported_and_free_again_afterwards(index, make_chunk, tmp_path):
    index.add("base", [make_chunk("first words", "d1")])
    writer = tantivy.Index.open(str(tmp_path / "keyword" / "base")).writer()
    with pytest.raises(KeywordIndexError):
        index.add("base", [make_chunk("second words", "d2")])
    writer.wait_merging_threads()
    index.add("base", [make_chunk("second words", "d2")])
    assert index.ids("base") == {"d1:0", "d2:0"}


def test_readers_see_commits_and_never_fail_beside_a_writer(index, make_chunk):
    index.add("base", [make_chunk("shared words", "d0")])
    done = threading.Event()

    def read() -> int:
        rounds = 0
        while not done.is_set():
            assert "d0:0" in found(index, "shared words")
            rounds += 1
        return rounds

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for number in range(1, 6):
            index.add("base", [make_chunk("shared words", f"d{number}")])
            assert f"d{number}:0" in found(index, "shared words")
        done.set()
        assert all(reader.result() > 0 for reader in readers)


def _names_in_another_process(folder: Path, pipe) -> None:
    index = KeywordIndex(folder)
    pipe.send(found(index, "words"))
    pipe.recv()
    pipe.send(found(index, "words"))


def test_another_process_reads_what_was_committed_since(index, make_chunk, tmp_path):
    index.add("base", [make_chunk("words", "d1")])
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_names_in_another_process, args=(tmp_path / "keyword", there)
    )
    process.start()
    assert here.recv() == ["d1:0"]
    index.add("base", [make_chunk("words", "d2")])
    here.send("go")
    assert sorted(here.recv()) == ["d1:0", "d2:0"]
    process.join()
