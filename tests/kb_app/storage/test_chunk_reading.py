"""Chunks as a search reads them: many by their ids, of ready documents only, with all that was stored."""

import numpy as np
import pytest
from sqlalchemy import insert

from ingestion.canonical import canonical_sentences
from kb_app.models import StoredChunk
from kb_app.services.documents.versions import base_versions
from kb_app.storage.chunks import ChunkRepository, chunk_row
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate
from kb_app.storage.tables import ChunkRow, DocumentRow, KnowledgeBaseRow

TEXT = '龍井茶產於杭州。\nIt\'s "picked" early.'


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "kb.sqlite3")
    migrate(opened)
    sizes = {"dimension": 4, "chunk_size_units": 300, "chunk_overlap_units": 60}
    with opened.write() as session:
        base = {
            "id": "b",
            "name": "B",
            "name_key": "b",
            "embedder": "builtin",
            "dimension": 4,
            **base_versions(),
            **sizes,
        }
        session.execute(insert(KnowledgeBaseRow), [{**base, "created_at": "2026-01-01"}])
    yield opened
    opened.close()


def stored(database, document_id, status="ready", **facts):
    chunk = StoredChunk(
        id=f"{document_id}:0",
        base_id="b",
        document_id=document_id,
        document_name=f"茶{document_id}.md",
        title="Tea",
        index=0,
        text=TEXT,
        search_text=TEXT,
        canonical=canonical_sentences(TEXT),
        start=3,
        end=3 + len(TEXT),
        **{"page": None, "heading": (), **facts},
    )
    document = {"id": document_id, "base_id": "b", "name": chunk.document_name, "title": "Tea", "sha256": document_id}
    with database.write() as session:
        session.execute(
            insert(DocumentRow),
            [{**document, "byte_count": 1, "chunk_count": 1, "status": status, "created_at": "2026-01-01"}],
        )
        vector = np.zeros(4, dtype=np.float32)
        session.execute(insert(ChunkRow), [chunk_row(chunk, vector, document_id=document_id, base_id="b")])
    return chunk


def test_a_chunk_comes_back_as_it_was_stored(database):
    one = stored(database, "d1", page=7, heading=("Green", '龙"井'))
    other = stored(database, "d2")

    assert ChunkRepository(database).chunks(["d2:0", "d1:0"]) == {"d1:0": one, "d2:0": other}


def test_chunks_of_documents_that_are_not_ready_and_unknown_ones_are_left_out(database):
    stored(database, "d1", status="staged")

    assert ChunkRepository(database).chunks(["d1:0", "gone:3"]) == {}
    assert ChunkRepository(database).chunks([]) == {}


def test_more_ids_than_a_statement_has_parameters_are_asked_for_at_once(database):
    one = stored(database, "d1")
    names = [f"x:{number}" for number in range(40_000)]

    assert ChunkRepository(database).chunks([*names, "d1:0"]) == {"d1:0": one}
