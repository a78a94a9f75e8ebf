"""What a prompt becomes for a sample question of a base, before any model sees it."""

from kb_app.errors import NotFoundError
from kb_app.messages import Language, translate
from kb_app.models import ChatMessage, Source
from kb_app.retrieval.retriever import Retriever
from kb_app.services.answers.sources import sources_of
from kb_app.services.documents.library import Library
from kb_app.services.prompting.prompts import answer_prompt, estimate_tokens
from kb_app.services.prompting.store import PromptKind, check_placeholders, fill

_ROOM_TOKENS = 7168  # of a window of 8192, the least any model here is given
_SUMMARY_CHARS = 4000


class PromptPreview:
    """Fills prompts with what a base holds. Asks no model and no embedding server."""

    def __init__(self, library: Library, retriever: Retriever, *, top_k: int) -> None:
        """Take passages from ``retriever``, found by words alone, and documents from ``library``."""
        self._library = library
        self._retriever = retriever
        self._top_k = top_k

    def messages(
        self, kind: PromptKind, template: str, *, language: Language, base_id: str, question: str
    ) -> tuple[ChatMessage, ...]:
        """Return the messages a model would get.

        Raises:
            PromptMissingPlaceholderError, PromptUnknownPlaceholderError: the template cannot be used.
            NotFoundError: the base does not exist.
        """
        check_placeholders(kind, template)
        if kind == "summary":
            return (ChatMessage(role="user", content=fill(template, **self._beginning(base_id))),)
        if kind == "rewrite":
            history = translate(language, "prompt.sample_history")
            return (ChatMessage(role="user", content=fill(template, history=history, question=question)),)
        sources = self._sources(base_id, question)
        if kind == "title":
            answer = sources[0].text if sources else ""
            return (ChatMessage(role="user", content=fill(template, question=question, answer=answer)),)
        return answer_prompt(question, [], sources, template=template, prompt_tokens=_ROOM_TOKENS).messages

    def _sources(self, base_id: str, question: str) -> tuple[Source, ...]:
        if not question.strip():
            return ()
        return sources_of(self._retriever.retrieve(question, [base_id], top_k=self._top_k, vote=False))

    def _beginning(self, base_id: str) -> dict[str, str]:
        ready = [one for one in self._library.documents(base_id) if one.status == "ready"]
        if not ready:
            return {"document": "", "text": ""}
        try:
            text = self._library.text(ready[0].id).text
        except NotFoundError:  # removed this moment
            text = ""
        return {"document": ready[0].name, "text": text[:_SUMMARY_CHARS]}


def token_count(messages: tuple[ChatMessage, ...]) -> int:
    """Return an upper estimate of the tokens of some messages."""
    return sum(estimate_tokens(message.content) for message in messages)
