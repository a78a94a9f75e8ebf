"""Passages joined of neighbouring chunks: their analysed text is that of the whole, without analysing it anew."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ingestion.canonical import canonical_sentences
from ingestion.models import ChunkOptions, ReadOptions
from ingestion.prepare import prepare
from kb_app.models import StoredChunk
from kb_app.retrieval import scoring
from kb_app.retrieval.passages import join_neighbours
from kb_app.storage.chunks import stored_chunks

ENGLISH = " ".join(f"The {word} tower was built in {1800 + n}." for n, word in enumerate(("red", "old", "tall") * 12))
CHINESE = "".join(f"第{n}座塔建于一八{n:02d}年，由當地工匠修建。" for n in range(40))
NO_STOPS = "青瓦白墙" * 200
MARKDOWN = "# Towers\n\n" + "\n".join(f"- **tower {n}** is [near](http://x.y/{n}) the sea" for n in range(60))


def chunks(text: str, name: str = "a.txt", overlap: int = 20) -> list[StoredChunk]:
    options = ReadOptions(chunking=ChunkOptions(size_units=60, overlap_units=overlap))
    return stored_chunks(prepare(text.encode(), name, options), document_id="d", base_id="b", name=name)


def joined(found: Sequence[StoredChunk], size: float = 150) -> list[StoredChunk]:
    return [passage.chunk for passage in join_neighbours(found, {one.id: one for one in found}, size)]


@pytest.mark.parametrize("overlap", [0, 20])
@pytest.mark.parametrize("text", [ENGLISH, CHINESE, f"{ENGLISH}\n{CHINESE}"], ids=["english", "chinese", "mixed"])
def test_whole_sentences_at_the_seam_need_no_second_analysis(text, overlap):
    found = chunks(text, overlap=overlap)
    passages = joined(found)

    assert len(passages) < len(found)
    for passage in passages:
        assert passage.canonical == canonical_sentences(passage.search_text)


@pytest.mark.parametrize("overlap", [0, 20])
def test_a_sentence_cut_for_its_length_is_analysed_as_it_reads(overlap):
    for passage in joined(chunks(NO_STOPS, overlap=overlap)):
        assert scoring.prepare(passage).body == canonical_sentences(passage.search_text)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, MARKDOWN], ids=["english", "chinese", "markdown"])
def test_a_chunk_stored_before_its_analysis_was_kept_scores_the_same(text):
    kept = chunks(text, "a.md")
    bare = [replace(one, canonical="") for one in kept]

    for one, other in zip(joined(kept), joined(bare), strict=True):
        mine, theirs = scoring.prepare(one), scoring.prepare(other)
        assert (mine.body, mine.sentences, mine.length) == (theirs.body, theirs.sentences, theirs.length)


def test_a_passage_is_not_longer_than_wished():
    assert [one.text for one in joined(chunks(CHINESE), size=60)] == [one.text for one in chunks(CHINESE)]
