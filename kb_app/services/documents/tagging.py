"""Tags: short labels of documents, by which a search or a conversation can be limited."""

import unicodedata
from collections.abc import Collection

from kb_app.errors import TagError
from kb_app.storage.tags import TagRepository

TAG_LIMIT = 40


class Tagging:
    """Reads and changes the tags of documents. A tag belongs to a document's name: a new version keeps it."""

    def __init__(self, tags: TagRepository) -> None:
        """Work on ``tags``."""
        self._tags = tags

    def counts(self, base_ids: Collection[str]) -> dict[str, int]:
        """Return tag -> number of documents that have it in these bases, by tag."""
        return self._tags.counts(base_ids)

    def change(
        self, base_id: str, document_ids: Collection[str], *, add: Collection[str] = (), remove: Collection[str] = ()
    ) -> None:
        """Give documents of a base the tags ``add`` and take ``remove`` from them.

        Raises:
            TagError: a tag to add is empty, too long or holds control characters; nothing is changed.
        """
        clean = {_clean(tag) for tag in add}
        self._tags.change(base_id, document_ids, add=clean, remove=set(remove) - clean)


def _clean(tag: str) -> str:
    clean = unicodedata.normalize("NFC", " ".join(tag.split()))
    if not clean or len(clean) > TAG_LIMIT or not clean.isprintable():
        raise TagError(repr(tag), limit=TAG_LIMIT)
    return clean
