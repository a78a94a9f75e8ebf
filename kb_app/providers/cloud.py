"""Models of a server that speaks the OpenAI protocol, whichever SDK carries it.

The SDK is behind :class:`CompletionsServer`; the differences between the clouds are in
:mod:`kb_app.providers.families`.
"""

import logging
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ingestion.protocols import Vectors
from kb_app.errors import BadRequestError, BadResponseError, InterruptedStreamError, MissingKeyError
from kb_app.models import ChatRequest, ModelEvent
from kb_app.providers.completions import ChunkReader, named, request_fields
from kb_app.providers.embedding import ServerEmbedder, embed_in_batches
from kb_app.providers.endpoint import Endpoint, Origin, clean_address
from kb_app.providers.families import EmbeddingModel, Family
from kb_app.providers.server_errors import body_error
from kb_app.providers.stream import EventStream, Hangup

_log = logging.getLogger(__name__)

DEFAULT_CONTEXT_TOKENS = 8192


class Account:
    """One provider as configured: its name, row of the table, address and key; also its request pace."""

    def __init__(self, name: str, family: Family, endpoint: Endpoint) -> None:
        """Check the address; raises ConfigurationError."""
        self.name = name
        self.family = family
        self.endpoint = endpoint
        self.address = clean_address(name, endpoint.base_url or family.base_url)
        #: Windows as the server told them, by model.
        self.windows: dict[str, int] = {}
        self._next_s = 0.0
        self._lock = threading.Lock()

    @property
    def own_address(self) -> bool:
        """Whether a user gave the address; such a server may do without a key."""
        return bool(self.endpoint.base_url)

    @property
    def lacks_key(self) -> bool:
        """Whether nothing can work before a key is set."""
        return bool(self.family.key_setting) and not self.own_address and not self.endpoint.key

    def origin(self, model: str = "") -> Origin:
        """Return where a failure about ``model`` comes from."""
        return Origin(provider=self.name, address=self.url(model), model=model, key=self.endpoint.key)

    def url(self, model: str) -> str:
        """Return the base URL to use for ``model``."""
        return self.address if self.own_address else self.family.model_urls.get(model, self.address)

    def require_key(self, model: str = "") -> None:
        """Raise MissingKeyError when there is no key and must be one."""
        if self.lacks_key:
            setting = self.family.key_setting
            raise self.origin(model).error(MissingKeyError, "no key", setting=setting)

    def pace(self) -> None:
        """Wait so long that requests keep the family's distance."""
        if not self.family.min_interval_s:
            return
        with self._lock:
            now = time.monotonic()
            wait_s = max(0.0, self._next_s - now)
            self._next_s = now + wait_s + self.family.min_interval_s
        time.sleep(wait_s)


def not_a_stream(account: Account, model: str, kind: str, text: str) -> Exception:
    """Return the failure of a stream that turned out to be an ordinary body with status 200."""
    origin = account.origin(model)
    if "json" in kind:
        return body_error(account.family, origin, 200, text)
    return origin.error(BadResponseError, f"{kind}: {text[:200]}")


class CompletionsServer(Protocol):
    """An SDK for the OpenAI protocol. Every failure comes out as ``ProviderError``."""

    @property
    def account(self) -> Account:
        """What it serves."""

    def chunks(self, fields: Mapping[str, Any], hangup: Hangup) -> AbstractContextManager[Iterator[Any]]:
        """Start a streamed chat and give its chunks; leaving the context closes the connection."""

    def embed(self, fields: Mapping[str, Any]) -> Sequence[Any]:
        """Return items with ``index`` and ``embedding``."""

    def listed(self) -> dict[str, int]:
        """Return the names in ``/models`` and their windows, 0 where it does not tell."""


class CloudChatModel:
    """One chat model."""

    prompted = True

    def __init__(self, server: CompletionsServer, model: str) -> None:
        """Use ``model`` of ``server``; nothing is sent yet."""
        self._server = server
        self._account = server.account
        self._model = model
        self._origin = self._account.origin(model)

    @property
    def model_id(self) -> str:
        """Id such as ``glm/glm-4.6``."""
        return f"{self._account.name}/{self._model}"

    @property
    def context_tokens(self) -> int:
        """The window: as set, as the table or the server says, else 8192. Raises ProviderError."""
        account = self._account
        if account.endpoint.context_tokens:
            return account.endpoint.context_tokens
        windows = account.family.windows
        known = next((size for part, size in windows.items() if named(self._model, [part])), 0)
        if not known and account.family.lists_models and account.own_address:
            known = self._told_window()
        return known or DEFAULT_CONTEXT_TOKENS

    def _told_window(self) -> int:
        windows = self._account.windows
        if self._model not in windows:
            try:
                windows.update(self._server.listed())
            except BadResponseError:  # a server without /models
                _log.info("%s lists no models; its window is taken to be the default", self._account.name)
            windows.setdefault(self._model, 0)
        return windows[self._model]

    def stream(self, request: ChatRequest) -> EventStream:
        """Yield the answer's events; see :class:`kb_app.protocols.ChatModel`."""
        hangup = Hangup()
        return EventStream(self._events(request, hangup), hangup)

    def _events(self, request: ChatRequest, hangup: Hangup) -> Generator[ModelEvent, None, None]:
        self._account.require_key(self._model)
        try:
            fields = request_fields(self._account.family, self._model, request, self.context_tokens)
        except ValueError as error:
            raise self._origin.error(BadRequestError, error) from error
        fields["extra_body"] |= self._account.endpoint.extra_body
        try:
            yield from self._attempt(fields, hangup)
        except BadRequestError as error:
            if "stream_options" not in str(error) or "stream_options" not in fields:
                raise
            # Some servers refuse to be asked for the usage; then it stays unknown.
            del fields["stream_options"]
            yield from self._attempt(fields, hangup)

    def _attempt(self, fields: Mapping[str, Any], hangup: Hangup) -> Generator[ModelEvent, None, None]:
        limit = fields.get("max_tokens") or fields["max_completion_tokens"]
        reader = ChunkReader(self._account.family, self._origin, limit)
        self._account.pace()
        try:
            # Comments that keep a queued request alive also keep the read timeout from firing.
            with (
                hangup.deadline(self._account.endpoint.read_timeout_s) as begun,
                self._server.chunks(fields, hangup) as chunks,
            ):
                for event in reader.read(chunks):
                    begun()
                    yield event
        except InterruptedStreamError:
            if not reader.complete:  # what is lost after the terminal marker is not part of the answer
                raise
        yield from reader.ending()


class CloudEmbedder(ServerEmbedder):
    """One embedding model."""

    def __init__(self, server: CompletionsServer, model: str, limits: EmbeddingModel) -> None:
        """Use ``model`` of ``server`` within ``limits``; nothing is sent yet."""
        super().__init__()
        self._server = server
        self._model = model
        self._limits = limits
        self._origin = server.account.origin(model)

    @property
    def model_id(self) -> str:
        """Id such as ``glm/embedding-3``."""
        return f"{self._server.account.name}/{self._model}"

    def _embed(self, texts: Sequence[str], dimension: int | None, *, query: bool = False) -> Vectors:
        self._server.account.require_key(self._model)
        return embed_in_batches(
            texts,
            batch_size=self._limits.batch_size,
            send=self._send,
            origin=self._origin,
            dimension=dimension,
        )

    def _send(self, batch: Sequence[str]) -> Sequence[Sequence[float]]:
        fields: dict[str, Any] = {"model": self._model, "input": list(batch)}
        if self._limits.dimensions:
            fields["dimensions"] = self._limits.dimensions
        self._server.account.pace()
        # The order of the answer is not the order of the texts; only the index is.
        rows = {
            position if item.index is None else item.index: item.embedding
            for position, item in enumerate(self._server.embed(fields))
        }
        if sorted(rows) != list(range(len(batch))):
            raise self._origin.error(BadResponseError, f"vectors {sorted(rows)} for {len(batch)} texts")
        return [rows[index] for index in range(len(batch))]
