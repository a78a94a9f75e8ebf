"""Summary cards as a user sees them: what they would cost, switched on and off, read, and thrown away."""

from collections.abc import Callable, Iterable, Sequence

from kb_app.errors import SummaryModelError
from kb_app.models import Cost, KnowledgeBase, Price, SummaryCard, SummaryEstimate
from kb_app.protocols import ChatModel
from kb_app.services.documents.intake import Repositories
from kb_app.services.prompting.prompts import estimate_tokens
from kb_app.services.prompting.store import default_prompt
from kb_app.storage.jobs import SUMMARY_KINDS, JobRepository, NewJob
from kb_app.storage.summaries import SummaryRepository

#: At most this much of a document is given to the model, and this much is what a card usually takes.
INPUT_TOKENS = 3_000
CARD_TOKENS = 150
#: Documents that are looked at for an estimate; of more, every n-th.
_SAMPLE = 400


class Summaries:
    """The summary cards of every base."""

    def __init__(
        self,
        repositories: Repositories,
        cards: SummaryRepository,
        chat_model: Callable[[str], ChatModel],
        price_of: Callable[[str], Price | None],
    ) -> None:
        """Work on ``cards``; ``price_of`` returns what a model costs, None where that is unknown."""
        self._bases = repositories.bases
        self._jobs = repositories.jobs
        self._cards = cards
        self._chat_model = chat_model
        self._price_of = price_of

    def of_base(self, base_id: str) -> dict[str, SummaryCard]:
        """Return document id -> card of the documents that have one."""
        return self._cards.of_base(base_id)

    def of_documents(self, document_ids: Sequence[str]) -> dict[str, SummaryCard]:
        """Return document id -> card for those of the documents that have one."""
        return self._cards.of_documents(document_ids)

    def count(self, base_id: str) -> int:
        """Return how many cards a base has."""
        return self._cards.count(base_id)

    def can_write(self, model_id: str) -> bool:
        """Whether a model can write at all: the quote model only quotes. Raises ModelNotFoundError."""
        return self._chat_model(model_id).prompted

    def estimate(self, base_id: str, model_id: str) -> SummaryEstimate:
        """Return what it takes to write the cards that are missing; tokens are estimates from above."""
        missing = self._cards.missing(base_id)
        sample = missing[:: max(1, len(missing) // _SAMPLE)]
        texts = self._cards.beginnings([one.id for one in sample], chars=3 * INPUT_TOKENS)
        fixed = estimate_tokens(default_prompt("summary", "zh"))
        read = sum(fixed + min(estimate_tokens(text), INPUT_TOKENS) for text in texts)
        prompt_tokens = round(read * len(missing) / len(texts)) if texts else 0
        completion_tokens = CARD_TOKENS * len(missing)
        price, cost = self._price_of(model_id), None
        if price is not None:
            cost = Cost(amount=price.of(prompt_tokens, completion_tokens), currency=price.currency)
        return SummaryEstimate(
            documents=len(missing),
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost=cost,
        )

    def switch_on(self, base_id: str, model_id: str) -> str:
        """Let a model write a card for every document, those to come as well; return the batch's id.

        Raises:
            SummaryModelError: the model cannot write.
            ModelNotFoundError: there is no such model.
            NotFoundError: the base does not exist.
        """
        if not self.can_write(model_id):
            raise SummaryModelError(model_id, model=model_id)
        self._bases.get(base_id)
        self._cards.drop_waiting(base_id)
        self._bases.change(base_id, {"summary_model": model_id})
        return self.catch_up(self._bases.get(base_id))

    def switch_off(self, base_id: str) -> None:
        """Write no more cards in a base; those that are written stay. Raises NotFoundError."""
        self._bases.get(base_id)
        self._bases.change(base_id, {"summary_model": ""})
        self._cards.drop_waiting(base_id)

    def retry(self, base_id: str) -> int:
        """Try the cards again that could not be written; return how many."""
        return self._jobs.retry_failed(base_id, SUMMARY_KINDS)

    def discard(self, base_id: str) -> int:
        """Switch off, and throw away every card of a base; they are not found any more. Return how many there were."""
        self.switch_off(base_id)
        name = self._bases.get(base_id).name
        chunk_ids = self._cards.remove_all(base_id)
        if chunk_ids:
            payload = {"document_ids": [], "chunk_ids": chunk_ids}
            self._jobs.add([NewJob(base_id=base_id, kind="remove", name=name, payload=payload)])
        return len(chunk_ids)

    def catch_up(self, base: KnowledgeBase) -> str:
        """Queue a card for every document that lacks one, has none under way and none failed; return the batch's id."""
        if not base.summary_model:
            return self._jobs.add([])
        under_way = self._cards.under_way(base.id)
        names = [one.name for one in self._cards.missing(base.id) if one.name not in under_way]
        return queue_cards(self._jobs, base.id, names)


def queue_cards(jobs: JobRepository, base_id: str, names: Iterable[str]) -> str:
    """Queue a card for each of these documents, in the batch that is under way if there is one; return its id."""
    batch_id = next((job.batch_id for job in jobs.active(base_id) if job.kind == "summarise"), None)
    return jobs.add([NewJob(base_id=base_id, kind="summarise", name=name) for name in names], batch_id)
