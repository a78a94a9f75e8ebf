"""What to search for: a follow-up question put by the chat model so that it stands by itself.

Where the model fails or takes too long, the salient words of the turn before are carried over instead, and the reason
is told. A question that is long and points at nothing is searched for as it is, without asking anybody.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

from ingestion.sentences import count_units
from kb_app.errors import KBAppError, ProviderTimeoutError, error_info
from kb_app.messages import Language
from kb_app.models import ChatMessage, ChatOptions, ChatRequest, ErrorInfo, Message, Token
from kb_app.protocols import ChatModel
from kb_app.retrieval.confidence import is_chit_chat
from kb_app.retrieval.followup import leans, standalone
from kb_app.services.answers.citations import resolve
from kb_app.services.models.calls import Call, ModelCalls
from kb_app.services.prompting.store import Prompts, fill
from kb_app.services.wording import well_formed

TIMEOUT_S = 8.0
#: Messages of the conversation that the model is shown, each cut to so many characters.
_MESSAGES, _MESSAGE_CHARS = 6, 600
#: Room for a model that thinks before it writes.
_MOST_TOKENS = 400
#: A longer question (units of ``count_units``) leaves little out.
_SHORT_UNITS = 15
_LONGEST_QUERY = 300
#: A number in brackets up to this is a citation: small models answer where they are to rephrase.
_MOST_PASSAGES = 99
_WRAPPING = " \t*#`\"'“”「」"


class Rewritten(NamedTuple):
    """What to search for, and why it is not what the model would have made of the question, if so."""

    query: str
    problem: ErrorInfo | None = None


class Rewriting:
    """Makes a query of a question and its conversation. Safe to share between threads."""

    def __init__(
        self, chat_model: Callable[[str], ChatModel], calls: ModelCalls, prompts: Prompts, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Ask the models that ``chat_model`` returns by id, through ``calls``."""
        self._chat_model = chat_model
        self._calls = calls
        self._prompts = prompts
        self._timeout_s = timeout_s

    def query(
        self,
        question: str,
        history: Sequence[Message],
        *,
        model_id: str,
        base_ids: tuple[str, ...],
        language: Language,
        on_stop: Callable[[Callable[[], None]], None] = lambda _close: None,
    ) -> Rewritten:
        """Return what to search for to answer ``question`` after ``history``, oldest message first.

        ``on_stop`` is given what ends the model's work early.
        """
        asked = [message.text for message in history if message.role == "user"]
        carried = standalone(question, asked)
        if not asked or is_chit_chat(question) or not _may_lean(question):
            return Rewritten(carried)
        try:
            if not self._chat_model(model_id).prompted:
                return Rewritten(carried)
            template = self._prompts.get("rewrite", language, base_ids)
            text = fill(template, history=_conversation(history), question=question)
            written = _query_in(self._ask(text, model_id, base_ids, on_stop))
        except KBAppError as error:
            return Rewritten(carried, error_info(error))
        return Rewritten(written or carried)

    def _ask(
        self,
        text: str,
        model_id: str,
        base_ids: tuple[str, ...],
        on_stop: Callable[[Callable[[], None]], None],
    ) -> str:
        """Return what the model wrote. Raises ProviderError, also when it took too long."""
        request = ChatRequest(
            messages=(ChatMessage(role="user", content=text),),
            question=text,
            options=ChatOptions(temperature=0.0, max_tokens=_MOST_TOKENS),
        )
        call = Call(model_id=model_id, prepare=lambda _model: request, purpose="rewrite", base_ids=base_ids)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            running.close()

        with closing(self._calls.start(call)) as running:
            on_stop(running.close)
            timer = threading.Timer(self._timeout_s, give_up)
            timer.start()
            try:
                written = "".join(event.text for event in running if isinstance(event, Token))
            except KBAppError:
                if not late.is_set():
                    raise
            finally:
                timer.cancel()
        if late.is_set():
            provider, _, model = model_id.partition("/")
            raise ProviderTimeoutError(
                f"no query within {self._timeout_s} s", provider=provider, model=model, address=""
            )
        return written


def _may_lean(question: str) -> bool:
    return leans(question) or count_units(question.strip()) <= _SHORT_UNITS


def _conversation(history: Sequence[Message]) -> str:
    return "\n".join(
        f"{message.role}: {' '.join(message.text.split())[:_MESSAGE_CHARS]}" for message in history[-_MESSAGES:]
    )


def _query_in(text: str) -> str:
    """Return the first line that says something, without quotation marks; empty when it is an essay or cites."""
    lines = (_printable(line).strip(_WRAPPING) for line in well_formed(text).splitlines())
    query = next((line for line in lines if any(map(str.isalnum, line))), "")
    is_answer = len(query) > _LONGEST_QUERY or bool(resolve(query, _MOST_PASSAGES).markers)
    return "" if is_answer else query


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)
