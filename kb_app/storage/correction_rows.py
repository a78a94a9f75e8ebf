"""Between the rows of corrections and plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from kb_app.models import ChatMessage, Correction, Source
from kb_app.storage.rows import new_id, now, source_from_json, source_to_json
from kb_app.storage.tables import CorrectionRow, CorrectionSupportRow, CorrectionVersionRow


def new_row(correction: Correction) -> CorrectionRow:
    """Return the row of a correction that is new."""
    row_id, time = new_id(), now()
    return CorrectionRow(
        id=row_id,
        base_id=correction.base_id,
        message_id=correction.message_id,
        question=correction.question,
        content=content_of(correction),
        author=correction.author,
        reviewer=correction.reviewer,
        status=correction.status,
        stale=correction.stale,
        question_group=correction.group or row_id,
        version=1,
        hits=0,
        not_helpful=0,
        created_at=correction.created_at or time,
        updated_at=time,
    )


def set_support(session: Session, row: CorrectionRow, support: Sequence[Source]) -> None:
    """Record on which documents a correction rests."""
    session.execute(delete(CorrectionSupportRow).where(CorrectionSupportRow.correction_id == row.id))
    documents = sorted({source.document_id for source in support})
    session.add_all(CorrectionSupportRow(correction_id=row.id, document_id=one) for one in documents)


def version_row(row: CorrectionRow, editor: str) -> CorrectionVersionRow:
    """Return a version of a correction as it stands; ``editor`` saved it."""
    return CorrectionVersionRow(
        correction_id=row.id,
        version=row.version,
        question=row.question,
        content=row.content,
        author=editor,
        reviewer=row.reviewer,
        status=row.status,
        updated_at=row.updated_at,
    )


def content_of(correction: Correction) -> dict[str, Any]:
    """Return the JSON form of what has no column of its own."""
    return {
        "chosen": correction.chosen,
        "rejected": correction.rejected,
        "history": [asdict(turn) for turn in correction.history],
        "sources": [source_to_json(source) for source in correction.sources],
        "support": [source_to_json(source) for source in correction.support],
        "source_is_wrong": correction.source_is_wrong,
        "reasons": list(correction.reasons),
        "note": correction.note,
        "model_id": correction.model_id,
        "prompt": [asdict(turn) for turn in correction.prompt],
        "settings": dict(correction.settings),
        "confidence": correction.confidence,
        "origin": correction.origin,
        "external": dict(correction.external),
    }


def _of_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a correction that its content holds."""
    return {
        **content,
        "history": tuple(ChatMessage(**turn) for turn in content["history"]),
        "sources": tuple(source_from_json(source) for source in content["sources"]),
        "support": tuple(source_from_json(source) for source in content["support"]),
        "reasons": tuple(content["reasons"]),
        "prompt": tuple(ChatMessage(**turn) for turn in content["prompt"]),
    }


def to_correction(row: CorrectionRow) -> Correction:
    """Return the correction of a row."""
    return Correction(
        id=row.id,
        base_id=row.base_id,
        message_id=row.message_id,
        question=row.question,
        author=row.author,
        reviewer=row.reviewer,
        status=row.status,  # type: ignore[arg-type]  # only written from CorrectionStatus
        stale=row.stale,  # type: ignore[arg-type]  # only written from Staleness
        group=row.question_group,
        version=row.version,
        hits=row.hits,
        not_helpful=row.not_helpful,
        created_at=row.created_at,
        updated_at=row.updated_at,
        **_of_content(row.content),
    )


def as_it_was(row: CorrectionRow, version: CorrectionVersionRow) -> Correction:
    """Return a correction as it stood in one of its versions."""
    return Correction(
        id=row.id,
        base_id=row.base_id,
        message_id=row.message_id,
        question=version.question,
        author=row.author,
        reviewer=version.reviewer,
        status=version.status,  # type: ignore[arg-type]  # as above
        group=row.question_group,
        version=version.version,
        created_at=row.created_at,
        updated_at=version.updated_at,
        **_of_content(version.content),
    )
