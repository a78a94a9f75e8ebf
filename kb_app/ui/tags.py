"""Tags of documents: shown in the list, changed for many at once."""

from collections.abc import Collection, Sequence

import streamlit as st

from kb_app.app import App
from kb_app.models import DocumentRecord, KnowledgeBase
from kb_app.ui.components import flash, form_dialog, open_dialog
from kb_app.ui.markup import label
from kb_app.ui.state import DIALOG, widget
from kb_app.ui.text import t

TAGS_DIALOG = "document_tags"
_TAGS = "document_tags_chosen"
_SHOWN_CHARS = 30


def tags_button(count: int) -> None:
    """Offer to change the tags of the ``count`` selected documents."""
    st.button(
        t("tags.button", count=count),
        key="tag_documents",
        icon=":material/sell:",
        on_click=open_dialog,
        args=(TAGS_DIALOG,),
    )


def tags_dialog(app: App, base: KnowledgeBase, selected: Sequence[DocumentRecord]) -> None:
    """Show the form of the selected documents' tags, if it was asked for."""
    if DIALOG.get() != TAGS_DIALOG or not selected:
        return
    shared = sorted(set.intersection(*(set(document.tags) for document in selected)))
    form_dialog(
        t("tags.title", count=len(selected)),
        t("common.save"),
        lambda: _field(sorted({*app.tagging.counts([base.id]), *shared}), shared),
        lambda: _save(app, base.id, [document.id for document in selected], shared),
    )


def _field(known: Sequence[str], shared: Sequence[str]) -> None:
    st.multiselect(
        t("tags.label"),
        options=known,
        default=shared,
        accept_new_options=True,
        placeholder=t("tags.hint"),
        help=t("tags.help"),
        key=_TAGS,
    )


def _save(app: App, base_id: str, document_ids: Sequence[str], shared: Collection[str]) -> None:
    value = widget(_TAGS)
    chosen = {str(tag) for tag in value} if isinstance(value, list | tuple) else set()
    app.tagging.change(base_id, document_ids, add=chosen, remove=set(shared) - chosen)
    flash(t("tags.saved"))


def tag_line(document: DocumentRecord) -> str:
    """Return the document's tags as Markdown badges; empty where it has none."""
    return " ".join(f":gray-badge[{label(tag, _SHOWN_CHARS)}]" for tag in document.tags)
