"""The provider for every server of the OpenAI family: what it lists and what it makes."""

from collections.abc import Iterable
from typing import Literal

from kb_app.errors import (
    AuthError,
    BadResponseError,
    ModelNotFoundError,
    ProviderError,
    ProviderTimeoutError,
    UnreachableError,
    error_info,
)
from kb_app.models import ErrorInfo, ModelInfo, ModelState
from kb_app.providers.cloud import CloudChatModel, CloudEmbedder, CompletionsServer
from kb_app.providers.completions import named
from kb_app.providers.families import EmbeddingModel

_DEFAULT_EMBEDDING = EmbeddingModel(batch_size=16)
_EMBEDDING_NAMES = ("embed", "bge-", "e5-", "gte-", "m3e")


class CloudProvider:
    """The models of one account."""

    def __init__(self, server: CompletionsServer) -> None:
        """Use ``server``; nothing is sent yet."""
        self._server = server
        self._account = server.account
        endpoint, family = self._account.endpoint, self._account.family
        self._chat = endpoint.chat_models or family.chat_models
        self._embedding = endpoint.embedding_models or tuple(family.embedding_models)

    @property
    def name(self) -> str:
        """First part of the ids of its models."""
        return self._account.name

    def models(self) -> list[ModelInfo]:
        """List the models with their state; a missing or refused key and an unreachable server are states."""
        names: dict[str, int] = {}
        state: ModelState = "ready"
        failure: ErrorInfo | None = None
        checked = False
        try:
            self._account.require_key()
            if self._account.family.lists_models:
                names = self._server.listed()
                self._account.windows.update(names)
                checked = True
        except (UnreachableError, ProviderTimeoutError) as error:
            state, failure = "unreachable", error_info(error)
        except AuthError as error:
            state, failure = "no_key", error_info(error)
        except ProviderError as error:
            # Without /models nothing is known against the models that are named in the settings or the table.
            if not self._known() and not isinstance(error, ModelNotFoundError | BadResponseError):
                state, failure = "unreachable", error_info(error)
        return [
            ModelInfo(
                id=f"{self.name}/{model}",
                provider=self.name,
                kind=kind,
                state=state,
                error=failure,
                details={"checked": checked, "context_tokens": names.get(model, 0)},
            )
            for model, kind in self._offered(names)
        ] or self._nothing(state, failure)

    def _known(self) -> list[str]:
        return [*self._chat, *self._embedding]

    def _offered(self, listed: Iterable[str]) -> list[tuple[str, Literal["chat", "embedding"]]]:
        endpoint = self._account.endpoint
        if self._account.own_address and listed and not endpoint.chat_models:
            names = dict.fromkeys([*listed, *endpoint.embedding_models])
            embed = endpoint.embedding_models
            return [(name, "embedding" if name in embed or named(name, _EMBEDDING_NAMES) else "chat") for name in names]
        return [(name, "chat") for name in self._chat] + [(name, "embedding") for name in self._embedding]

    def _nothing(self, state: ModelState, failure: ErrorInfo | None) -> list[ModelInfo]:
        if failure is None:
            return []
        return [ModelInfo(id=self.name, provider=self.name, kind="chat", state=state, error=failure)]

    def chat_model(self, model: str) -> CloudChatModel:
        """Return the chat model named ``model``; whether the server has it shows when it is used."""
        if not model:
            raise self._account.origin().error(ModelNotFoundError, "no model named")
        return CloudChatModel(self._server, model)

    def embedder(self, model: str) -> CloudEmbedder:
        """Return the embedder named ``model``. Raises ModelNotFoundError for a cloud without embeddings."""
        account = self._account
        if not model or (not self._embedding and not account.own_address):
            raise account.origin(model).error(ModelNotFoundError, "no embedding models")
        return CloudEmbedder(self._server, model, account.family.embedding_models.get(model, _DEFAULT_EMBEDDING))
