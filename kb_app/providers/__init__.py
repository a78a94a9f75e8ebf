"""Model providers and their registry. Importing this package imports no SDK.

A model id is ``provider/model``; a provider with one model only (``quote``, ``builtin``) goes without the
slash. ``FACTORIES`` has those that are always listed; a further cloud or server is there once it is configured.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Literal

from ingestion.protocols import Embedder
from kb_app.errors import ModelNotFoundError, ProviderTimeoutError, error_info
from kb_app.models import ModelInfo
from kb_app.protocols import ChatModel, Provider
from kb_app.providers.endpoint import Endpoint
from kb_app.providers.glm import glm_provider
from kb_app.providers.ollama import OllamaProvider
from kb_app.providers.openai_compatible import compatible_provider

__all__ = ["FACTORIES", "Endpoint", "Registry", "build_providers"]

FACTORIES: Mapping[str, Callable[[Endpoint], Provider]] = {
    "ollama": OllamaProvider,
    "glm": glm_provider,
    "spark": partial(compatible_provider, "spark"),
    "ernie": partial(compatible_provider, "ernie"),
    "openai": partial(compatible_provider, "openai"),
}

_LISTING_S = 12.0


def build_providers(endpoints: Mapping[str, Endpoint], extra: Iterable[Provider] = ()) -> dict[str, Provider]:
    """Return every provider by name: ``extra`` first (quote, builtin), then all families.

    Args:
        endpoints: Name -> address and key. Families that are not named use their defaults; a name that is
            not among them is a server of the OpenAI protocol: ``deepseek``, ``qwen``, ``azure`` or a user's own.
        extra: Providers made elsewhere.

    Raises:
        ConfigurationError: an address is not one, or a family is unknown.
    """
    providers = {provider.name: provider for provider in extra}
    for name, factory in FACTORIES.items():
        providers[name] = factory(endpoints.get(name, Endpoint()))
    for name, endpoint in endpoints.items():
        if name not in FACTORIES:
            providers[name] = compatible_provider(name, endpoint)
    return providers


class Registry:
    """All models a user can pick, found by id. Safe to share between threads."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        """Serve ``providers``, in their order."""
        self._providers = dict(providers)
        self._embedders: dict[str, Embedder] = {}
        self._lock = threading.Lock()

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Every provider by name."""
        return self._providers

    def models(self, kind: Literal["chat", "embedding"] | None = None) -> list[ModelInfo]:
        """List all models of ``kind`` with their state; asks every provider at once, 12 s at most."""
        pool = ThreadPoolExecutor(max_workers=max(1, len(self._providers)), thread_name_prefix="models")
        asked = {name: pool.submit(provider.models) for name, provider in self._providers.items()}
        wait(asked.values(), timeout=_LISTING_S)
        pool.shutdown(wait=False)
        found = [info for name, future in asked.items() for info in _listed(name, future)]
        return [info for info in found if kind in (None, info.kind)]

    def chat_model(self, model_id: str) -> ChatModel:
        """Return the chat model of this id. Raises ModelNotFoundError; others show when it is used."""
        provider, model = self._find(model_id)
        return provider.chat_model(model)

    def embedder(self, embedder_id: str) -> Embedder:
        """Return the embedder of this id, the same object every time. Raises ModelNotFoundError."""
        provider, model = self._find(embedder_id)
        with self._lock:
            if embedder_id not in self._embedders:
                self._embedders[embedder_id] = provider.embedder(model)
            return self._embedders[embedder_id]

    def _find(self, model_id: str) -> tuple[Provider, str]:
        name, _, model = model_id.partition("/")
        if name not in self._providers:
            raise ModelNotFoundError(f"no provider {name!r}", provider=name, model=model or name, address="")
        return self._providers[name], model


def _listed(name: str, future: Future[list[ModelInfo]]) -> list[ModelInfo]:
    if future.done():
        return future.result()
    late = ProviderTimeoutError("the listing took too long", provider=name, model="", address="")
    return [ModelInfo(id=name, provider=name, kind="chat", state="unreachable", error=error_info(late))]
