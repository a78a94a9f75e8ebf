"""The embedder that is always there: hashed terms, nothing to download."""

from ingestion.embed import HashedEmbedder
from ingestion.protocols import Embedder
from kb_app.errors import ModelNotFoundError
from kb_app.models import ModelInfo
from kb_app.protocols import ChatModel


class BuiltinProvider:
    """Provider ``builtin``: one embedder, no chat model."""

    name = "builtin"

    def models(self) -> list[ModelInfo]:
        """Return the one embedder, always ready."""
        return [ModelInfo(id="builtin", provider="builtin", kind="embedding", state="ready")]

    def chat_model(self, model: str) -> ChatModel:
        """Raise ModelNotFoundError: there is none."""
        raise ModelNotFoundError("builtin has no chat model", provider=self.name, model=model, address="")

    def embedder(self, model: str) -> Embedder:
        """Return the hashed embedder. Raises ModelNotFoundError for any other name."""
        if model:
            raise ModelNotFoundError(f"no embedder builtin/{model}", provider=self.name, model=model, address="")
        return HashedEmbedder()
