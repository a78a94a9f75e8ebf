"""Our search as a LangChain retriever. Imports LangChain when it is used, not before.

from kb_app.retrieval.langchain import as_langchain

retriever = as_langchain(app.retriever, base_ids=[base.id], top_k=5)
for document in retriever.invoke("什么是南瓜书？"):
    print(document.metadata["document"], document.metadata["score"], document.page_content)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kb_app.models import Hit
from kb_app.retrieval.retriever import Retriever

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever


def as_langchain(
    retriever: Retriever, base_ids: Sequence[str], *, top_k: int = 8, only_found: bool = False
) -> "BaseRetriever":
    """Return a LangChain ``BaseRetriever`` over these knowledge bases.

    With ``only_found`` it returns nothing when the bases do not answer the question.
    """
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.retrievers import BaseRetriever

    bases = tuple(base_ids)

    class KnowledgeBaseRetriever(BaseRetriever):
        """Searches the knowledge bases it was made for."""

        def _get_relevant_documents(
            self, query: str, *, run_manager: CallbackManagerForRetrieverRun
        ) -> "list[Document]":
            found = retriever.retrieve(query, bases, top_k=top_k)
            return [_document(hit) for hit in found.hits] if found.found or not only_found else []

    return KnowledgeBaseRetriever()


def _document(hit: Hit) -> "Document":
    from langchain_core.documents import Document

    chunk = hit.chunk
    return Document(
        id=chunk.id,
        page_content=chunk.text,
        metadata={
            "document": chunk.document_name,
            "document_id": chunk.document_id,
            "base_id": chunk.base_id,
            "title": chunk.title,
            "heading": list(chunk.heading),
            "page": chunk.page,
            "start": chunk.start,
            "end": chunk.end,
            "score": hit.score,
        },
    )
