"""What the correction page remembers in a browser tab."""

import uuid

from kb_app.models import Source
from kb_app.ui.state import CORRECT, Slot, adopt_url

#: What is open: ``m:ID`` for an answer, ``c:ID`` for a correction, empty for the lists.
OPEN: Slot[str] = Slot(key="kb.fix", default="", parameter="fix")
#: The answer in the chat that the way back from here leads to, empty when it was opened on this page.
RETURN: Slot[str] = Slot(key="kb.fix_return", default="")
#: The name under which this person corrects.
AUTHOR: Slot[str] = Slot(key="kb.author", default="", parameter="me")
VIEW: Slot[str] = Slot(key="kb.corrections_view", default="queue")
QUEUE_REASON: Slot[str] = Slot(key="kb.queue_reason", default="")
BASE_FILTER: Slot[str] = Slot(key="kb.corrections_base", default="")
STATUS_FILTER: Slot[str] = Slot(key="kb.corrections_status", default="")
WORDS: Slot[str] = Slot(key="kb.corrections_words", default="")
SHOWN: Slot[int] = Slot(key="kb.corrections_shown", default=20)
#: What is written and not saved yet, and passages added, by what is open.
TEXTS: Slot[dict[str, str] | None] = Slot(key="kb.corrections_texts", default=None)
ADDED: Slot[dict[str, tuple[Source, ...]] | None] = Slot(key="kb.corrections_added", default=None)
TRIED: Slot[str] = Slot(key="kb.corrections_tried", default="")
#: Stays in the address, so that a reload does not lock this tab out of what it has claimed.
_TAB: Slot[str] = Slot(key="kb.tab", default="", parameter="tab")


def adopt() -> None:
    """Open what the address names, or the answer whose correction was asked for on another page."""
    adopt_url(AUTHOR)
    adopt_url(_TAB)
    if message_id := CORRECT.pop():
        OPEN.set(f"m:{message_id}")
        RETURN.set(message_id)
    adopt_url(OPEN)


def holder() -> str:
    """Return the name that claims are made in: the person's, or else this tab's."""
    if not _TAB.get():
        _TAB.set(f"#{uuid.uuid4().hex[:6]}")
    return AUTHOR.get() or _TAB.get()


def written(subject: str) -> str | None:
    """Return what was written for a subject and is not saved yet."""
    return (TEXTS.get() or {}).get(subject)


def write(subject: str, text: str) -> None:
    """Keep what was written, over page switches too."""
    TEXTS.set({**(TEXTS.get() or {}), subject: text})


def added(subject: str) -> tuple[Source, ...]:
    """Return the passages that were added to a subject and are not saved yet."""
    return (ADDED.get() or {}).get(subject, ())


def add(subject: str, source: Source) -> None:
    """Add a passage."""
    ADDED.set({**(ADDED.get() or {}), subject: (*added(subject), source)})


def forget(subject: str) -> None:
    """Forget what was not saved."""
    TEXTS.set({name: text for name, text in (TEXTS.get() or {}).items() if name != subject})
    ADDED.set({name: found for name, found in (ADDED.get() or {}).items() if name != subject})
