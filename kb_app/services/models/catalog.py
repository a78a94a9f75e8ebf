"""The models a user can pick, with their state, and the models themselves by id."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ingestion.protocols import Embedder
from kb_app.models import ModelInfo
from kb_app.protocols import ChatModel, Provider
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
        self._turn = 0

    def reload(self, registry: Registry) -> None:
        """Use ``registry`` from now on; answers that are running keep the model they have."""
        with self._lock:
            self._registry = registry
            self._known = tuple(info for info in self._known if info.provider in registry.providers)
        self.ask_again()

    def ask_again(self) -> None:
        """Ask every provider in the background, now."""
        with self._lock:
            self._asked_at = -_FRESH_S
            self._asking = False
        self.cached()

    @property
    def is_asking(self) -> bool:
        """Whether the providers are being asked."""
        with self._lock:
            return self._asking

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Every configured provider by name."""
        return self._registry.providers

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
        with self._lock:
            self._turn += 1
            turn, registry = self._turn, self._registry
        try:
            found = tuple(registry.models())
        except BaseException:
            self._asked(turn, None)
            raise
        self._asked(turn, found)

    def _asked(self, turn: int, found: Sequence[ModelInfo] | None) -> None:
        with self._lock:
            if turn != self._turn:
                return  # somebody has asked again meanwhile, perhaps other providers
            self._asking, self._asked_at = False, time.monotonic()
            self._known = self._known if found is None else tuple(found)

    def _of(self, kind: Kind | None) -> tuple[ModelInfo, ...]:
        with self._lock:
            known = self._known
        return tuple(info for info in known if kind in (None, info.kind))
