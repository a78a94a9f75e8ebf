"""Between rows and plain data: ids, times, JSON forms of dataclasses."""

import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table

from kb_app.models import Cost, ErrorInfo, FellBack, Rating, Source, Timing, Usage
from kb_app.storage.tables import RatingRow, Row


def new_id() -> str:
    """Return a fresh opaque identifier."""
    return uuid.uuid4().hex


def now() -> str:
    """Return the time in UTC, ISO 8601 with microseconds, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def table_of(row: type[Row]) -> Table:
    """Return the table of a class of rows: writing to it makes no objects, which take longer to make than to store."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


def error_to_json(error: ErrorInfo | None) -> dict[str, Any] | None:
    """Return the JSON form of an error."""
    return None if error is None else {"code": error.code, "params": dict(error.params)}


def error_from_json(value: dict[str, Any] | None) -> ErrorInfo | None:
    """Return the error a JSON form stands for."""
    return None if not value else ErrorInfo(code=value["code"], params=value["params"])


def source_to_json(source: Source) -> dict[str, Any]:
    """Return the JSON form of a source."""
    return asdict(source)


def source_from_json(value: dict[str, Any]) -> Source:
    """Return the source a JSON form stands for."""
    return Source(**{**value, "heading": tuple(value.get("heading", ()))})


def plain_to_json(value: Usage | Timing | Cost | FellBack | None) -> dict[str, Any] | None:
    """Return the JSON form of one of the dataclasses that hold nothing but plain values."""
    return None if value is None else asdict(value)


def usage_from_json(value: dict[str, Any] | None) -> Usage | None:
    """Return the usage a JSON form stands for."""
    return None if not value else Usage(**value)


def rating_row(message_id: str, rating: Rating) -> RatingRow:
    """Return the row of a rating given now."""
    return RatingRow(
        message_id=message_id,
        verdict=rating.verdict,
        reasons=list(rating.reasons),
        note=rating.note,
        author=rating.author,
        created_at=now(),
    )


def rating_from_row(row: RatingRow | None) -> Rating | None:
    """Return the rating a row stands for."""
    if row is None:
        return None
    return Rating(
        verdict="good" if row.verdict == "good" else "bad",
        reasons=tuple(row.reasons),
        note=row.note,
        author=row.author,
        created_at=row.created_at,
    )


def timing_from_json(value: dict[str, Any] | None) -> Timing | None:
    """Return the timing a JSON form stands for."""
    return None if not value else Timing(**value)


def cost_from_json(value: dict[str, Any] | None) -> Cost | None:
    """Return the cost a JSON form stands for."""
    return None if not value else Cost(**value)


def fallback_from_json(value: dict[str, Any] | None) -> FellBack | None:
    """Return the change of model a JSON form stands for."""
    return None if not value else FellBack(**{**value, "error": ErrorInfo(**value["error"])})
