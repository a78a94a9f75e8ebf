"""Saved conversations as the list, the search and the page see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb_app.models.chat import Conversation, Message, Origin

Shelf = Literal["current", "archived", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """A question to save. ``edited_id`` is the question it stands beside, on a branch of its own.

    With ``again_id`` nothing is asked anew: that question gets one more answer. ``attachments`` are the names of the
    files that came with it.
    """

    conversation_id: str | None
    question: str
    title: str
    base_ids: tuple[str, ...]
    model_id: str
    origin: Origin = "app"
    edited_id: str = ""
    again_id: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """Which conversations a list holds; an empty field limits nothing."""

    shelf: Shelf = "current"
    origins: tuple[Origin, ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A stretch of the branch a conversation shows, in order.

    ``earlier`` and ``later`` count the messages of the branch before and after it. ``siblings`` holds, for each message
    shown that has others beside it, all of them with itself, oldest first. ``previous_id`` and ``next_id`` are what to
    look around for the stretches before and after, empty where there is none.
    """

    messages: tuple[Message, ...] = ()
    earlier: int = 0
    later: int = 0
    siblings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    previous_id: str = ""
    next_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationHit:
    """A conversation in which something was found: its best message, and how many more there are.

    ``message`` is None where only the title matches.
    """

    conversation: Conversation
    message: Message | None = None
    more: int = 0
