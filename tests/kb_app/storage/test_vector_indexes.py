"""One contract for every vector index that can be changed, and what is special to Chroma."""

import threading

import numpy as np
import pytest

from kb_app.storage.chroma import ChromaVectorIndex
from kb_app.storage.manifest import Manifest


def unit_vectors(count, dimension=16, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path):
    index = ChromaVectorIndex(tmp_path / "chroma")
    yield index
    index.close()


def test_the_nearest_comes_first_with_its_cosine(index):
    vectors = unit_vectors(50)
    index.add("base", [f"c{n}" for n in range(50)], vectors)
    found = index.query("base", vectors[7], 3)
    assert found[0] == ("c7", pytest.approx(1.0, abs=1e-5))
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    exact = vectors @ vectors[7]
    assert found[1][1] == pytest.approx(float(np.sort(exact)[-2]), abs=1e-5)


def test_deleted_and_dropped_vectors_are_gone(index):
    vectors = unit_vectors(10)
    index.add("base", [f"c{n}" for n in range(10)], vectors)
    index.delete("base", ["c3", "unknown"])
    assert index.ids("base") == {f"c{n}" for n in range(10)} - {"c3"}
    assert all(found != "c3" for found, _ in index.query("base", vectors[3], 10))
    index.drop("base")
    assert index.ids("base") == set()
    assert index.query("base", vectors[3], 10) == []


@pytest.mark.slow
def test_more_than_one_batch_is_stored_and_listed(index):
    vectors = unit_vectors(7000, dimension=4)
    ids = [f"c{n}" for n in range(7000)]
    index.add("base", ids, vectors)
    assert index.count("base") == 7000
    assert index.ids("base") == set(ids)
    index.delete("base", ids[:6000])
    assert index.count("base") == 1000


def test_an_unknown_base_is_empty_and_not_an_error(index):
    index.delete("nothing", ["c"])
    index.drop("nothing")
    assert index.ids("nothing") == set()
    assert index.query("nothing", unit_vectors(1)[0], 5) == []


def test_many_threads_may_be_the_first_to_use_it(tmp_path):
    index = ChromaVectorIndex(tmp_path / "chroma")
    failures = []

    def use():
        try:
            index.query("base", unit_vectors(1)[0], 1)
        except Exception as error:  # noqa: BLE001 - any failure at all is what this test looks for
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index.close()
    assert failures == []


def test_a_reset_folder_can_be_filled_again_at_once(index):
    vectors = unit_vectors(5)
    index.add("base", list("abcde"), vectors)
    index.reset()
    assert index.ids("base") == set()
    index.add("base", list("ab"), vectors[:2])
    assert index.ids("base") == {"a", "b"}


def test_the_manifest_notices_every_change_of_a_file(tmp_path):
    manifest = Manifest(tmp_path)
    part = tmp_path / "chroma"
    assert not manifest.matches("chroma", {"b": 1})
    part.mkdir()
    (part / "data.bin").write_bytes(b"12345678")
    manifest.seal("chroma", {"b": 1})
    assert manifest.matches("chroma", {"b": 1})
    (part / "data.bin").write_bytes(b"1234")
    assert not manifest.matches("chroma", {"b": 1})
    manifest.seal("chroma", {"b": 1})
    (part / "more.bin").write_bytes(b"")
    assert not manifest.matches("chroma", {"b": 1})
    manifest.seal("chroma", {"b": 1})
    assert not manifest.matches("chroma", {"b": 2})
    manifest.forget("chroma")
    assert not manifest.matches("chroma", {"b": 1})


def test_a_cut_off_manifest_means_that_nothing_is_known_to_be_good(tmp_path):
    manifest = Manifest(tmp_path)
    (tmp_path / "chroma").mkdir()
    manifest.seal("chroma", {"b": 1})
    (tmp_path / "manifest.json").write_text('{"chro')
    assert not manifest.matches("chroma", {"b": 1})
    manifest.seal("chroma", {"b": 1})
    assert manifest.matches("chroma", {"b": 1})


def test_chroma_limited_to_documents_finds_the_nearest_of_theirs(index):
    vectors = unit_vectors(3000)
    ids = [f"d{n // 10}:{n % 10}" for n in range(3000)]
    index.add("base", ids, vectors)
    wanted = {f"d{n}" for n in range(60)}
    exact = sorted(range(600), key=lambda n: -float(vectors[n] @ vectors[2500]))[:5]
    found = index.query("base", vectors[2500], 5, wanted)
    assert [name for name, _ in found] == [ids[n] for n in exact]
    assert index.query("base", vectors[0], 5, {"unknown"}) == []


@pytest.mark.parametrize(
    "wanted",
    [{"d3"}, {"d3", "long"}, {"d3", "longest"}, {f"d{n}" for n in range(0, 100, 3)}, {"d3", "unknown"}],
    ids=["one", "with a long one", "with too long a one", "one in three", "with one that is gone"],
)
def test_chroma_compares_all_of_few_documents_and_looks_for_those_of_many(filled, wanted):
    index, ids, vectors = filled
    asked = vectors[-1]
    cosines = vectors @ asked / np.linalg.norm(vectors, axis=1) / np.linalg.norm(asked)
    mine = [n for n, name in enumerate(ids) if name.rpartition(":")[0] in wanted]
    exact = sorted(mine, key=lambda n: -float(cosines[n]))[:6]
    found = index.query("base", asked, 6, wanted)
    assert [name for name, _ in found] == [ids[n] for n in exact]
    assert [cosine for _, cosine in found] == pytest.approx(cosines[exact], abs=1e-5)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A base of short documents with cards, a long and a longer one; no vector is of length 1."""
    ids = [f"d{n // 5}:{n % 5 - 1}" for n in range(500)]
    ids += [f"long:{n}" for n in range(300)] + [f"longest:{n}" for n in range(2200)]
    vectors = 3 * unit_vectors(len(ids), dimension=8, seed=4)
    index = ChromaVectorIndex(tmp_path_factory.mktemp("filled") / "chroma")
    index.add("base", ids, vectors)
    yield index, ids, vectors
    index.close()
