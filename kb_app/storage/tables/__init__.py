"""The relational schema. Rows stay inside ``kb_app.storage``; repositories give out plain dataclasses.

Every module of tables is imported here, so that the metadata is whole.
"""

from kb_app.storage.tables.base import Row
from kb_app.storage.tables.chat import ConversationRow, IndexedMessageRow, MessageRow
from kb_app.storage.tables.corrections import (
    CorrectionClaimRow,
    CorrectionRefusalRow,
    CorrectionRow,
    CorrectionSupportRow,
    CorrectionVersionRow,
)
from kb_app.storage.tables.documents import (
    ChunkRow,
    DocumentRow,
    DocumentTextRow,
    JobRow,
    KnowledgeBaseRow,
    WatchedFileRow,
)
from kb_app.storage.tables.evaluation import (
    EvaluationCaseRow,
    EvaluationResultRow,
    EvaluationRunRow,
    EvaluationSetRow,
    TrainingItemRow,
)
from kb_app.storage.tables.model_use import ModelCallRow, PromptRow
from kb_app.storage.tables.ratings import RatingRow
from kb_app.storage.tables.summaries import SummaryCardRow
from kb_app.storage.tables.tags import DocumentTagRow

__all__ = [
    "ChunkRow",
    "ConversationRow",
    "CorrectionClaimRow",
    "CorrectionRefusalRow",
    "CorrectionRow",
    "CorrectionSupportRow",
    "CorrectionVersionRow",
    "DocumentRow",
    "DocumentTagRow",
    "DocumentTextRow",
    "EvaluationCaseRow",
    "EvaluationResultRow",
    "EvaluationRunRow",
    "EvaluationSetRow",
    "IndexedMessageRow",
    "JobRow",
    "KnowledgeBaseRow",
    "MessageRow",
    "ModelCallRow",
    "PromptRow",
    "RatingRow",
    "Row",
    "SummaryCardRow",
    "TrainingItemRow",
    "WatchedFileRow",
]
