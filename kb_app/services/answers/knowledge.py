"""What answers are made from: the question in its place, what to search for, and what is found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kb_app.models import CorrectionMatch, ErrorInfo
from kb_app.retrieval.retriever import Retriever
from kb_app.services.answers.attachments import Attached, Attachments
from kb_app.services.answers.composing import Found
from kb_app.services.answers.places import PagesOf
from kb_app.services.answers.questions import AskRequest, Place
from kb_app.services.answers.rewriting import Rewriting, Rewritten
from kb_app.services.corrections.reuse import Reuse
from kb_app.services.prompting.prompts import language_of
from kb_app.storage.conversations import ConversationRepository

#: Messages before a question that may matter to it.
_HISTORY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Passages that can be found, corrections of earlier answers, and what was said before.

    ``living`` returns those of some bases that exist, or raises NotFoundError when none does; ``pages_of`` the pages of
    a document; the ``top_k`` best passages are looked for.
    """

    conversations: ConversationRepository
    retriever: Retriever
    rewriting: Rewriting
    reuse: Reuse
    living: Callable[[Sequence[str]], tuple[str, ...]]
    attachments: Attachments
    pages_of: PagesOf
    top_k: int

    def place(self, question_id: str, request: AskRequest, attached: Attached) -> Place:
        """Return what surrounds the question. Raises NotFoundError where its bases are gone."""
        base_ids = (*request.base_ids, attached.base_id) if attached.base_id else request.base_ids
        return Place(
            request=request,
            language=request.answer_language or language_of(request.question, request.language),
            history=self.conversations.before(question_id, last=_HISTORY),
            attached=attached,
            base_ids=self.living(base_ids),
        )

    def exact(self, question: str, place: Place) -> CorrectionMatch | None:
        """Return the correction that is the answer to this very question."""
        return self.reuse.exact(question, place.base_ids) if place.may_reuse else None

    def query(self, place: Place, on_stop: Callable[[Callable[[], None]], None]) -> Rewritten:
        """Return what to search for; ``on_stop`` is told what ends the model that is asked for it."""
        request, attached = place.request, place.attached
        if request.query:
            return Rewritten(request.query)
        return self.rewriting.query(
            request.question,
            [] if attached.names and attached.is_meant else place.history,  # "this file" is none of those before
            model_id=request.model_id,
            base_ids=request.base_ids,
            language=place.language,
            on_stop=on_stop,
        )

    def found(self, query: str, problem: ErrorInfo | None, place: Place) -> Found:
        """Search, and return what there is to answer from."""
        request, attached = place.request, place.attached
        filters = self.attachments.widened(request.filters, place.base_ids, attached)
        retrieval = self.retriever.retrieve(query, place.base_ids, top_k=self.top_k, filters=filters)
        retrieval = self.attachments.opened(retrieval, attached, self.top_k)
        problems = tuple(one for one in (problem, retrieval.problem) if one is not None)
        examples = self.reuse.examples(query, place.base_ids, retrieval) if place.may_reuse else []
        if request.anyway and retrieval.hits:
            retrieval = replace(retrieval, found=True)  # the confidence stays what it is
        return Found(
            query=query,
            language=place.language,
            history=place.history,
            retrieval=retrieval,
            corrections=[match.correction for match in examples],
            problems=problems + self.attachments.problems(attached),
            attached=attached,
        )
