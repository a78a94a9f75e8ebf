"""Repository of the requests to models. Every method is one transaction."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, case, func, select

from kb_app.models import ModelCall, ModelUse
from kb_app.storage.database import Database
from kb_app.storage.rows import now
from kb_app.storage.tables import ModelCallRow


class ModelCallRepository:
    """Every request that was sent to a model."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def add(self, call: ModelCall) -> None:
        """Write down one request."""
        with self._database.write() as session:
            session.add(ModelCallRow(created_at=now(), **asdict(call)))

    def use(self, since: str = "") -> list[ModelUse]:
        """Return each model's use for each purpose since a time in UTC (empty: ever), the most used first."""
        row = ModelCallRow
        timed = row.completion_tokens.is_not(None) & row.first_token_s.is_not(None)
        query = (
            select(
                row.model_id,
                row.purpose,
                func.count().label("calls"),
                (func.count() - func.count(row.completion_tokens)).label("uncounted"),
                func.coalesce(func.sum(row.prompt_tokens), 0).label("prompt_tokens"),
                func.coalesce(func.sum(row.completion_tokens), 0).label("completion_tokens"),
                func.avg(row.first_token_s).label("first_token_s"),
                func.sum(case((timed, row.completion_tokens))).label("timed_tokens"),
                func.sum(case((timed, row.total_s - row.first_token_s))).label("writing_s"),
            )
            .where(row.created_at >= since)
            .group_by(row.model_id, row.purpose)
            .order_by(func.count().desc(), row.model_id, row.purpose)
        )
        costs = (
            select(row.model_id, row.purpose, func.sum(row.cost), row.currency)
            .where(row.created_at >= since, row.cost.is_not(None))
            .group_by(row.model_id, row.purpose, row.currency)
            .order_by(row.currency)
        )
        with self._database.read() as session:
            spent: dict[tuple[str, str], list[tuple[float, str]]] = {}
            for model_id, purpose, amount, currency in session.execute(costs):
                spent.setdefault((model_id, purpose), []).append((amount or 0.0, currency))
            used = session.execute(query)
            return [_to_use(one, tuple(spent.get((one.model_id, one.purpose), ()))) for one in used]


def _to_use(row: Row[Any], costs: tuple[tuple[float, str], ...]) -> ModelUse:
    return ModelUse(
        model_id=row.model_id,
        purpose=row.purpose,
        calls=row.calls,
        uncounted=row.uncounted,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        first_token_s=row.first_token_s,
        tokens_per_s=row.timed_tokens / row.writing_s if row.writing_s else None,
        costs=costs,
    )
