"""Short titles for conversations, written by the model that gave the first answer, in the background.

A title the user gave is never replaced, and a conversation keeps the beginning of its question as its title where the
model fails: nobody waits for a title, so its failures are logged and no more.
"""

import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from kb_app.errors import KBAppError
from kb_app.models import ChatMessage, ChatOptions, ChatRequest, Conversation, Message, Token
from kb_app.protocols import ChatModel
from kb_app.services.answers.citations import resolve
from kb_app.services.models.calls import Call, ModelCalls, RunningCall
from kb_app.services.prompting.prompts import language_of
from kb_app.services.prompting.store import Prompts, fill
from kb_app.services.wording import title_from
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.shelf import ShelfRepository

_LOG = logging.getLogger(__name__)

_QUESTION_CHARS, _ANSWER_CHARS = 1_000, 1_500
#: Room for a model that thinks before it writes; the title itself takes a tenth of it.
_MOST_TOKENS = 400
_MOST_PASSAGES = 99
_LABEL = re.compile(r"^(?:title|标题|題目|题目)\s*[:：]\s*", re.IGNORECASE)
_WRAPPING = " \t*#_`\"'“”‘’「」『』《》【】。．.，,：:"


class Titles:
    """Names conversations after their first answer. Safe to share between threads."""

    def __init__(
        self,
        conversations: ConversationRepository,
        shelf: ShelfRepository,
        chat_model: Callable[[str], ChatModel],
        calls: ModelCalls,
        prompts: Prompts,
    ) -> None:
        """Read from ``conversations`` and write titles to ``shelf``; ask models through ``calls``."""
        self._conversations = conversations
        self._shelf = shelf
        self._chat_model = chat_model
        self._calls = calls
        self._prompts = prompts
        self._lock = threading.Lock()
        self._running: RunningCall | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="title")

    def answered(self, answer: Message) -> None:
        """Take note of an answer that has just ended; returns at once."""
        if answer.status == "complete" and answer.reuse != "exact" and not self._closed:
            self._thread.submit(self._name, answer)

    def close(self) -> None:
        """Stop, without a title where one is being written."""
        with self._lock:
            self._closed = True
            running = self._running
        if running is not None:
            running.close()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _name(self, answer: Message) -> None:
        try:
            conversation = self._conversations.get(answer.conversation_id)
            before = self._conversations.before(answer.id, last=2)
            if conversation.is_named or conversation.origin == "cli" or len(before) != 1:
                return
            if self._chat_model(answer.model_id).prompted:
                title = clean_title(self._ask(conversation, before[0].text, answer))
                if title:
                    self._shelf.suggest_title(conversation.id, title)
        except KBAppError as error:
            _LOG.info("no title for %s: %s", answer.conversation_id, error)
        except Exception:  # noqa: BLE001 - the top of the thread: a bug here must not end the titles to come
            _LOG.exception("no title for %s", answer.conversation_id)

    def _ask(self, conversation: Conversation, question: str, answer: Message) -> str:
        template = self._prompts.get("title", language_of(question, "zh"), conversation.base_ids)
        text = fill(template, question=question[:_QUESTION_CHARS], answer=answer.text[:_ANSWER_CHARS])
        request = ChatRequest(
            messages=(ChatMessage(role="user", content=text),),
            question=question,
            options=ChatOptions(temperature=0.0, max_tokens=_MOST_TOKENS),
        )
        call = Call(
            model_id=answer.model_id, prepare=lambda _model: request, purpose="title", base_ids=conversation.base_ids
        )
        with self._lock:
            if self._closed:
                return ""
            self._running = running = self._calls.start(call)
        with closing(running):
            return "".join(event.text for event in running if isinstance(event, Token))


def clean_title(text: str) -> str:
    """Return what a model wrote as a title: its first line without label, quotation marks and markup.

    One that cites is none: small models answer where they are to name.
    """
    if resolve(text, _MOST_PASSAGES).markers:
        return ""
    lines = (_LABEL.sub("", line.strip(_WRAPPING)).strip(_WRAPPING) for line in text.splitlines())
    return title_from(next((line for line in lines if line), ""))
