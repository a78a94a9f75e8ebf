"""Ollama: what is installed on one server, and the models made from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

from kb_app.errors import ModelNotFoundError, NotPulledError, ProviderError, error_info
from kb_app.models import ModelInfo
from kb_app.providers.endpoint import Endpoint
from kb_app.providers.ollama_models import OllamaChatModel, OllamaEmbedder
from kb_app.providers.ollama_server import OllamaServer

if TYPE_CHECKING:
    from ollama import ListResponse, ProcessResponse

DEFAULT_CONTEXT_TOKENS = 8192
#: Offered with the command that gets them while they are not installed.
SUGGESTED_CHAT = ("qwen3:4b",)
SUGGESTED_EMBEDDING = ("bge-m3",)


class OllamaProvider:
    """The models of one Ollama server."""

    name = "ollama"

    def __init__(self, endpoint: Endpoint) -> None:
        """Use the server at ``endpoint``; nothing is sent yet."""
        self._server = OllamaServer(endpoint)
        self._window_cap = endpoint.context_tokens or DEFAULT_CONTEXT_TOKENS
        self._suggested: dict[str, Literal["chat", "embedding"]] = {}
        for model in endpoint.chat_models or SUGGESTED_CHAT:
            self._suggested[short_name(model)] = "chat"
        for model in endpoint.embedding_models or SUGGESTED_EMBEDDING:
            self._suggested[short_name(model)] = "embedding"
        self._digests: dict[str, str] = {}

    def models(self) -> list[ModelInfo]:
        """List installed models, and the suggested ones that are not; an unreachable server is a state."""
        try:
            with self._server.client(quick=True) as client:
                installed = [model for model in client.list().models if model.model]
                running = {short_name(model.model or ""): model for model in client.ps().models}
        except ProviderError as error:
            return [self._absent(model, error) for model in self._suggested]
        with ThreadPoolExecutor(max_workers=4) as pool:
            infos = list(pool.map(lambda model: self._installed(model, running), installed))
        known = {info.id for info in infos}
        return infos + [
            self._absent(model, self._server.origin(model).error(NotPulledError, "not in the list"))
            for model in self._suggested
            if self._id(model) not in known
        ]

    def _absent(self, model: str, error: ProviderError) -> ModelInfo:
        return ModelInfo(
            id=self._id(model),
            provider=self.name,
            kind=self._suggested[model],
            state="not_pulled" if isinstance(error, NotPulledError) else "unreachable",
            error=error_info(error),
        )

    def _installed(self, listed: ListResponse.Model, running: dict[str, ProcessResponse.Model]) -> ModelInfo:
        name = short_name(listed.model or "")
        try:
            changed = self._digests.get(name) != listed.digest
            facts = self._server.refresh_facts(name) if changed else self._server.facts(name)
        except ProviderError as error:
            kind = self._suggested.get(name, "chat")
            return ModelInfo(
                id=self._id(name), provider=self.name, kind=kind, state="unreachable", error=error_info(error)
            )
        self._digests[name] = listed.digest or ""
        details: dict[str, str | int | float | bool] = {
            "size_bytes": int(listed.size or 0),
            "context_tokens": facts.context_tokens,
            "thinking": facts.thinks,
            "loaded": name in running,
        }
        if listed.details:
            details["quantization"] = listed.details.quantization_level or ""
            details["parameters"] = listed.details.parameter_size or ""
        if name in running:
            details["vram_bytes"] = int(running[name].size_vram or 0)
            details["memory_bytes"] = int(running[name].size or 0)
            details["loaded_context_tokens"] = int(running[name].context_length or 0)
        kind = "embedding" if facts.embeds else "chat"
        return ModelInfo(id=self._id(name), provider=self.name, kind=kind, state="ready", details=details)

    def chat_model(self, model: str) -> OllamaChatModel:
        """Return the chat model named ``model``; whether it is pulled shows when it is used."""
        return OllamaChatModel(self._server, self._named(model), self._window_cap)

    def embedder(self, model: str) -> OllamaEmbedder:
        """Return the embedder named ``model``; whether it is pulled shows when it is used."""
        return OllamaEmbedder(self._server, self._named(model))

    def _named(self, model: str) -> str:
        if not model:
            raise self._server.origin().error(ModelNotFoundError, "no model named")
        return short_name(model)

    def _id(self, model: str) -> str:
        return f"{self.name}/{model}"


def short_name(model: str) -> str:
    """Return the name without ``:latest``, which Ollama takes for granted."""
    return model.removesuffix(":latest")
