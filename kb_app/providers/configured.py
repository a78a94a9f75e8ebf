"""The providers and the reranker that the settings ask for."""

from typing import Literal

from kb_app.protocols import Provider
from kb_app.providers import FACTORIES, Endpoint, Registry, build_providers
from kb_app.providers.builtin import BuiltinProvider
from kb_app.providers.langchain_bridge import ClassSpec, LangChainProvider
from kb_app.providers.onnx import OnnxProvider
from kb_app.providers.quote import QuoteProvider
from kb_app.providers.reranking import HttpReranker
from kb_app.settings import ServerSettings, Settings

#: Where ONNX models are, in the data folder.
ONNX_FOLDER = "models"


def builtin_providers() -> list[Provider]:
    """Return those that need nothing."""
    return [QuoteProvider(), BuiltinProvider()]


def configured_registry(settings: Settings) -> Registry:
    """Return every provider that is set up. Raises ConfigurationError."""
    extra = [*builtin_providers(), OnnxProvider(settings.data_dir / ONNX_FOLDER)]
    if settings.langchain:
        extra.append(LangChainProvider(_classes(settings, "chat"), _classes(settings, "embedding")))
    return Registry(build_providers(_endpoints(settings), extra=extra))


def configured_reranker(settings: Settings) -> HttpReranker | None:
    """Return the reranker that is set. Raises ConfigurationError."""
    one = settings.reranker
    return HttpReranker(Endpoint(base_url=one.base_url, api_key=one.api_key), one.model) if one.base_url else None


def _classes(settings: Settings, kind: Literal["chat", "embedding"]) -> dict[str, ClassSpec]:
    return {
        name: ClassSpec(path=one.class_path, arguments=one.arguments, context_tokens=one.context_tokens)
        for name, one in settings.langchain.items()
        if one.kind == kind
    }


def _endpoints(settings: Settings) -> dict[str, Endpoint]:
    """Return name -> endpoint of the standard providers, and of those others that are set."""
    return {
        name: Endpoint(
            base_url=one.base_url or "",
            api_key=one.api_key,
            family=one.family if isinstance(one, ServerSettings) else "",
            chat_models=one.chat_models,
            embedding_models=one.embedding_models,
            context_tokens=one.context_tokens or 0,
        )
        for name, one in settings.endpoints().items()
        if name in FACTORIES or one.base_url or one.api_key
    }
