"""Saved conversations: list, search, reopen, branches, title, pin, tags, archive, trash."""

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from kb_app.errors import StorageError
from kb_app.models import Conversation, ConversationFilter, ConversationHit, ConversationView, Message, Rating
from kb_app.retrieval.analyzer import analyse
from kb_app.services.wording import title_from
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.message_index import MessageIndex
from kb_app.storage.shelf import ShelfRepository

_LOG = logging.getLogger(__name__)

TAG_LIMIT = 40
MOST_TAGS = 20
#: How long a deleted conversation stays in the trash.
TRASH_DAYS = 30
#: What the list holds unless it is asked for more: not every question of a script.
EVERYDAY = ConversationFilter(origins=("app", "import"))


class History:
    """Every conversation and what was said in it. Safe to share between threads."""

    def __init__(
        self,
        conversations: ConversationRepository,
        shelf: ShelfRepository,
        index: MessageIndex,
        sweep: Callable[[], None] = lambda: None,
    ) -> None:
        """Read and write these repositories; ``sweep`` removes what belongs to conversations that are gone for good."""
        self._sweep = sweep
        self._conversations = conversations
        self._shelf = shelf
        self._index = index
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._tidy, name="history", daemon=True)

    def start(self) -> None:
        """Begin to tidy up; returns at once. For the owner of the data folder, once."""
        self._thread.start()

    def close(self) -> None:
        """Stop tidying up; what is not indexed yet is the next time."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tidy(self) -> None:
        try:
            self.tidy()
        except StorageError:
            _LOG.exception("the conversations could not be tidied up")

    def tidy(self) -> None:
        """Remove for good what has been in the trash for long, and index what is not indexed yet."""
        limit = datetime.now(UTC) - timedelta(days=TRASH_DAYS)
        self._shelf.purge(limit.isoformat(timespec="microseconds"))
        self._sweep()
        self._index.catch_up(lambda: not self._closed.is_set())

    # --- the list ------------------------------------------------------------------------------

    def conversations(
        self, limit: int = 50, offset: int = 0, where: ConversationFilter = EVERYDAY
    ) -> list[Conversation]:
        """Return conversations, pinned ones first, then the newest."""
        return self._shelf.all(where, limit, offset)

    def count(self, where: ConversationFilter = EVERYDAY) -> int:
        """Return how many conversations the filter lets through."""
        return self._shelf.count(where)

    def tags(self) -> list[str]:
        """Return every tag in use, in order."""
        return self._shelf.tags()

    def search(self, query: str, limit: int, where: ConversationFilter = EVERYDAY) -> list[ConversationHit]:
        """Return the conversations in which one message holds all words of ``query``, best first, then matching titles.

        The trash is never searched.
        """
        if where.shelf == "deleted" or not query.strip():
            return []
        matches = self._index.search(_words(query))
        allowed = self._shelf.among([match.conversation_id for match in matches], where)
        hits = [
            ConversationHit(
                conversation=allowed[match.conversation_id],
                message=self._conversations.message(match.message_id),
                more=match.match_count - 1,
            )
            for match in [match for match in matches if match.conversation_id in allowed][:limit]
        ]
        titled = self._shelf.titled(" ".join(query.split()), where, limit)
        hits += [ConversationHit(conversation=one) for one in titled if one.id not in allowed]
        return hits[:limit]

    # --- one conversation ----------------------------------------------------------------------

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation. Raises NotFoundError."""
        return self._conversations.get(conversation_id)

    def messages(self, conversation_id: str, last: int | None = None) -> list[Message]:
        """Return the messages of the branch that is shown in order, or only the ``last`` ones."""
        return self._conversations.messages(conversation_id, last)

    def view(self, conversation_id: str, size: int, around: str = "") -> ConversationView:
        """Return the last ``size`` messages of the branch that is shown, or those from just before ``around`` on."""
        return self._conversations.view(conversation_id, size, around)

    def before(self, message_id: str, last: int | None = None) -> list[Message]:
        """Return the messages that lead to a message in order, or only the ``last`` ones. Raises NotFoundError."""
        return self._conversations.before(message_id, last)

    def show(self, message_id: str) -> str:
        """Show the branch a message is on; return the conversation's id. Raises NotFoundError."""
        return self._conversations.show(message_id)

    def message_count(self, conversation_id: str) -> int:
        """Return how many messages the branch that is shown has."""
        return self._conversations.message_count(conversation_id)

    def message(self, message_id: str) -> Message:
        """Return one message. Raises NotFoundError."""
        return self._conversations.message(message_id)

    def newest_reply(self, message_id: str) -> Message | None:
        """Return the newest message that goes on from one: the answer to a question."""
        return self._conversations.newest_reply(message_id)

    def rate(self, message_id: str, rating: Rating | None) -> None:
        """Set or take back a reader's rating of an answer. Raises NotFoundError."""
        self._conversations.rate(message_id, rating)

    def rename(self, conversation_id: str, title: str) -> None:
        """Set the title; a blank one is ignored. Raises NotFoundError."""
        if clean := title_from(title):
            self._shelf.rename(conversation_id, clean)

    def pin(self, conversation_id: str, pinned: bool) -> None:
        """Put a conversation at the top of the list, or back in its place. Raises NotFoundError."""
        self._shelf.pin(conversation_id, pinned)

    def archive(self, conversation_id: str, archived: bool) -> None:
        """Take a conversation out of the list, or back into it. Raises NotFoundError."""
        self._shelf.archive(conversation_id, archived)

    def tag(self, conversation_id: str, tags: Iterable[str]) -> None:
        """Set the tags; see :func:`clean_tags`. Raises NotFoundError."""
        self._shelf.tag(conversation_id, clean_tags(tags))

    # --- the trash -----------------------------------------------------------------------------

    def delete(self, conversation_id: str) -> None:
        """Put a conversation into the trash, from where it can be taken back. Raises NotFoundError."""
        self._shelf.delete(conversation_id)

    def restore(self, conversation_id: str) -> None:
        """Take a conversation out of the trash. Raises NotFoundError: it was removed for good."""
        self._shelf.restore(conversation_id)

    def empty_trash(self) -> int:
        """Remove for good what is in the trash; return how many conversations that were."""
        count = self._shelf.purge(datetime.max.isoformat())
        self._sweep()
        return count


def _words(query: str) -> tuple[str, ...]:
    """Return the index terms that all must occur: pairs of Chinese characters where there are any, and words."""
    question = analyse(query)
    in_pairs = {char for pair in question.cjk_pairs for char in pair}
    return (*question.cjk_pairs, *(unit for unit in question.units if unit not in in_pairs))


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags as they are kept: on one line, short, without blank ones and repeats, not too many."""
    clean = (" ".join(tag.split())[:TAG_LIMIT] for tag in tags)
    return tuple(dict.fromkeys(tag for tag in clean if tag))[:MOST_TAGS]
