"""A question as it is asked, and what surrounds it."""

from collections.abc import Sequence
from dataclasses import dataclass

from kb_app.messages import Language
from kb_app.models import AnswerStyle, Message, Origin, SearchFilters
from kb_app.retrieval.followup import leans
from kb_app.services.answers.attachments import Attached


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """A question to the documents of some bases. ``language`` is the user's, used where the question shows none.

    ``filters`` limit the documents; ``answer_language`` is the language of the answer, None: that of the question.
    ``query`` is searched for instead of what would be made of the question; empty makes one of question and history.
    ``edited_id`` is the question this one stands beside, on a branch of its own; ``again_id`` the question (the same)
    that gets one more answer. Without ``reuse`` no correction takes part: the model is asked. With ``anyway`` the
    nearest passages are answered from, however unsure the search is. ``attachments`` name the files that were added
    for it to the conversation.
    """

    question: str
    base_ids: tuple[str, ...]
    model_id: str = "quote"
    conversation_id: str | None = None
    language: Language = "zh"
    query: str = ""
    filters: SearchFilters | None = None
    style: AnswerStyle = "normal"
    answer_language: Language | None = None
    origin: Origin = "app"
    edited_id: str = ""
    again_id: str = ""
    reuse: bool = True
    anyway: bool = False
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What surrounds a question: the turns before it, the files attached to it, and the bases that still exist."""

    request: AskRequest
    language: Language
    history: Sequence[Message]
    attached: Attached
    base_ids: tuple[str, ...]

    @property
    def may_reuse(self) -> bool:
        """Whether corrections may take part: they know nothing of attached files or of a choice of documents."""
        filters = self.request.filters
        is_limited = filters is not None and filters.limits_documents
        return self.request.reuse and not self.attached.names and not is_limited

    @property
    def is_whole(self) -> bool:
        """Whether the question needs nothing before it to be understood."""
        return not self.history or not leans(self.request.question)
