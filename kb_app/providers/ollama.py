"""Ollama: what is installed on one server, and the models made from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kb_app.errors import InterruptedStreamError, ModelNotFoundError, NotPulledError, ProviderError, error_info
from kb_app.models import ModelInfo
from kb_app.providers.endpoint import Endpoint
from kb_app.providers.ollama_models import OllamaChatModel, OllamaEmbedder
from kb_app.providers.ollama_server import OllamaServer
from kb_app.providers.stream import Hangup

if TYPE_CHECKING:
    from ollama import ListResponse, ProcessResponse

DEFAULT_CONTEXT_TOKENS = 8192
#: Offered with the command that gets them while they are not installed.
SUGGESTED_CHAT = ("qwen3:4b",)
SUGGESTED_EMBEDDING = ("bge-m3",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far a download is; ``total_bytes`` grows as the server names further layers, and is 0 at first."""

    status: str
    done_bytes: int
    total_bytes: int


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

    def pull(self, model: str, hangup: Hangup) -> Iterator[PullProgress]:
        """Download ``model``, yielding progress; ``hangup`` cancels it from any thread, a later call resumes.

        Raises:
            ModelNotFoundError: there is no such model in Ollama's library.
            ProviderError: the server failed, or the download broke off or was cancelled.
        """
        origin = self._server.origin(model)
        layers: dict[str, tuple[int, int]] = {}
        status = ""
        with (
            self._server.client(model, hangup=hangup) as client,
            contextlib.closing(client.pull(model, stream=True)) as steps,  # type: ignore[type-var]
        ):
            for step in steps:
                status = step.status or ""
                if step.digest:
                    layers[step.digest] = (step.completed or 0, step.total or 0)
                done = sum(completed for completed, _ in layers.values())
                total = sum(size for _, size in layers.values())
                yield PullProgress(status=status, done_bytes=done, total_bytes=total)
        if status != "success":
            raise origin.error(InterruptedStreamError, f"the download ended at {status!r}")
        self._digests.pop(short_name(model), None)

    def delete(self, model: str) -> None:
        """Remove ``model`` from the server. Raises NotPulledError when it is not there, ProviderError."""
        with self._server.client(model, quick=True) as client:
            client.delete(model)
        self._digests.pop(short_name(model), None)

    def _named(self, model: str) -> str:
        if not model:
            raise self._server.origin().error(ModelNotFoundError, "no model named")
        return short_name(model)

    def _id(self, model: str) -> str:
        return f"{self.name}/{model}"


def short_name(model: str) -> str:
    """Return the name without ``:latest``, which Ollama takes for granted."""
    return model.removesuffix(":latest")
