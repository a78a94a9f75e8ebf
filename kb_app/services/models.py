"""The models a user can pick, with their state, and the models themselves by id."""

import threading
import time
from collections.abc import Iterable
from typing import Literal

from ingestion.protocols import Embedder
from kb_app.models import ModelInfo
from kb_app.protocols import ChatModel
from kb_app.providers import Registry

_FRESH_S = 20.0

Kind = Literal["chat", "embedding"]


class Models:
    """A view of the registry that never makes a page wait. Safe to share between threads."""

    def __init__(self, registry: Registry, builtin: Iterable[ModelInfo]) -> None:
        """Show what ``registry`` has; ``builtin`` are the models known without asking."""
        self._registry = registry
        self._lock = threading.Lock()
        self._known = tuple(builtin)
        self._asked_at = -_FRESH_S
        self._asking = False

    def list(self, kind: Kind | None = None) -> tuple[ModelInfo, ...]:
        """Ask every provider now; a dead server may take some seconds to find out."""
        self._refresh()
        return self._of(kind)

    def cached(self, kind: Kind | None = None) -> tuple[ModelInfo, ...]:
        """Return what was known last, at once; asks again in the background when that is older than 20 s.

        Until the first answer only the built-in models are listed.
        """
        with self._lock:
            stale = time.monotonic() - self._asked_at > _FRESH_S and not self._asking
            self._asking = self._asking or stale
        if stale:
            threading.Thread(target=self._refresh, name="models", daemon=True).start()
        return self._of(kind)

    def chat(self, model_id: str) -> ChatModel:
        """Return a chat model. Raises ModelNotFoundError."""
        return self._registry.chat_model(model_id)

    def embedder(self, embedder_id: str) -> Embedder:
        """Return an embedder. Raises ModelNotFoundError."""
        return self._registry.embedder(embedder_id)

    def dimension_of(self, embedder_id: str) -> int:
        """Return the vector length of an embedder. Raises ProviderError when its server cannot be asked."""
        return self.embedder(embedder_id).dimension

    def _refresh(self) -> None:
        try:
            found = tuple(self._registry.models())
        finally:
            with self._lock:
                self._asking, self._asked_at = False, time.monotonic()
        with self._lock:
            self._known = found

    def _of(self, kind: Kind | None) -> tuple[ModelInfo, ...]:
        with self._lock:
            known = self._known
        return tuple(info for info in known if kind in (None, info.kind))
