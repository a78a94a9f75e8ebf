"""Conversations as files: our own JSON, Markdown or HTML; several pages come in a ZIP."""

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kb_app.errors import NotFoundError
from kb_app.messages import Language
from kb_app.models import Conversation, ConversationFilter
from kb_app.services.conversations.history import History
from kb_app.services.conversations.json_file import Transcript, to_json
from kb_app.services.conversations.readable import to_html, to_markdown
from kb_app.storage.conversations import ConversationRepository

ExportFormat = Literal["json", "markdown", "html"]
_ENDINGS: dict[ExportFormat, str] = {"json": "json", "markdown": "md", "html": "html"}
_MEDIA_TYPES: dict[ExportFormat, str] = {"json": "application/json", "markdown": "text/markdown", "html": "text/html"}
_UNFIT = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_NAME_LIMIT = 60
_GROUP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file ready to be saved."""

    name: str
    media_type: str
    data: bytes


class ConversationExporter:
    """Writes conversations as files."""

    def __init__(self, history: History, conversations: ConversationRepository) -> None:
        """Read from these."""
        self._history = history
        self._conversations = conversations

    def all_ids(self) -> list[str]:
        """Return the ids of every conversation that is not in the trash."""
        return list(self._every_id())

    def export(self, conversation_ids: Sequence[str], form: ExportFormat, language: Language) -> ExportedFile:
        """Return the conversations as one file. JSON holds all branches, the others the one that is shown.

        Conversations that were deleted meanwhile are left out. Raises NotFoundError: none is left.
        """
        found = list(self._existing(conversation_ids))
        if not found:
            raise NotFoundError("no conversation to export", name="")
        if form == "json":
            content = to_json(Transcript(one, self._conversations.tree(one.id)) for one in found)
            name = file_name(found[0].title) if len(found) == 1 else "kb-app"
            data = json.dumps(content, ensure_ascii=False, indent=1).encode()
            return ExportedFile(name=f"{name}.conversations.json", media_type=_MEDIA_TYPES[form], data=data)
        pages = ((one, self._page(one, form, language)) for one in found)
        if len(found) == 1:
            name = f"{file_name(found[0].title)}.{_ENDINGS[form]}"
            return ExportedFile(name=name, media_type=_MEDIA_TYPES[form], data=next(pages)[1])
        return ExportedFile(
            name=f"kb-app-{form}.zip", media_type="application/zip", data=_zipped(pages, _ENDINGS[form])
        )

    def _page(self, conversation: Conversation, form: ExportFormat, language: Language) -> bytes:
        write = to_html if form == "html" else to_markdown
        return write(conversation, self._conversations.messages(conversation.id), language).encode()

    def _existing(self, conversation_ids: Iterable[str]) -> Iterator[Conversation]:
        for conversation_id in conversation_ids:
            try:
                yield self._conversations.get(conversation_id)
            except NotFoundError:
                continue

    def _every_id(self) -> Iterator[str]:
        for where in (ConversationFilter(), ConversationFilter(shelf="archived")):
            offset = 0
            while found := self._history.conversations(_GROUP, offset, where):
                yield from (conversation.id for conversation in found)
                offset += _GROUP


def _zipped(pages: Iterable[tuple[Conversation, bytes]], ending: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (conversation, data) in enumerate(pages, start=1):
            archive.writestr(f"{number:04}-{file_name(conversation.title)}.{ending}", data)
    return out.getvalue()


def file_name(title: str) -> str:
    """Return a title as the name of a file that every system takes, without an ending."""
    text = _UNFIT.sub(" ", unicodedata.normalize("NFC", title))
    return " ".join(text.split())[:_NAME_LIMIT].strip(". ") or "conversation"
