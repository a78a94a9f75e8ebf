"""One Ollama server through its SDK: clients, what it knows of a model, and its failures as typed errors."""

from __future__ import annotations

import contextlib
import functools
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb_app.errors import (
    BadRequestError,
    BadResponseError,
    ContextTooLongError,
    ModelNotFoundError,
    ModelTooLargeError,
    NotPulledError,
    ProviderError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from kb_app.providers.bounds import bound
from kb_app.providers.endpoint import Endpoint, Origin, clean_address, is_local
from kb_app.providers.failures import make_error, status_error, transport_error
from kb_app.providers.stream import Hangup, protect_lines

if TYPE_CHECKING:
    import ollama

DEFAULT_ADDRESS = "http://127.0.0.1:11434"
_PORT = 11434
#: A listing must not keep a page waiting; a chat may load a model for minutes first.
_CONTROL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What ``/api/show`` says of a model; ``context_tokens`` is 0 and ``capabilities`` empty where it does not."""

    context_tokens: int
    capabilities: frozenset[str]
    family: str

    @property
    def embeds(self) -> bool:
        """Whether it is an embedding model; servers before 0.6.4 name no capabilities, only the family."""
        return "embedding" in self.capabilities or (not self.capabilities and "bert" in self.family)

    @property
    def thinks(self) -> bool:
        """Whether reasoning can be asked for."""
        return "thinking" in self.capabilities


@functools.cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()  # reading the certificates takes tens of milliseconds: once is enough


class OllamaServer:
    """Makes SDK clients for one address. Safe to share between threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Point at ``endpoint``; nothing is sent yet."""
        address = clean_address("ollama", endpoint.base_url or DEFAULT_ADDRESS, default_port=_PORT)
        self.address = address.removesuffix("/v1")
        self._endpoint = endpoint
        self._facts: dict[str, ModelFacts] = {}
        self._lock = threading.Lock()

    def origin(self, model: str = "") -> Origin:
        """Return where a failure about ``model`` comes from."""
        return Origin(provider="ollama", address=self.address, model=model, key=self._endpoint.key)

    @contextlib.contextmanager
    def client(self, model: str = "", *, hangup: Hangup | None = None, quick: bool = False) -> Iterator[ollama.Client]:
        """Give a client of its own for one exchange; failures inside come out as ``ProviderError``."""
        import httpx
        import ollama

        read_s = _CONTROL_TIMEOUT_S if quick else self._endpoint.read_timeout_s
        hooks = {"response": [bound, protect_lines], "request": [hangup.watch] if hangup else []}
        key = self._endpoint.key
        client = ollama.Client(
            host=self.address,
            timeout=httpx.Timeout(read_s, connect=self._endpoint.connect_timeout_s),
            event_hooks=hooks,
            verify=_tls(),
            trust_env=not is_local(self.address),
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
        )
        with self._failures(self.origin(model)), client:
            yield client

    @staticmethod
    @contextlib.contextmanager
    def _failures(origin: Origin) -> Iterator[None]:
        import httpx
        import ollama

        try:
            yield
        except ollama.ResponseError as error:
            raise _response_error(origin, error.status_code, str(error.error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise transport_error(origin, error) from error
        except ConnectionError as error:  # the SDK's own, for calls without a stream
            raise origin.error(UnreachableError, error) from error
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            # The SDK parses without looking: JSON that is broken, or no object, or lacks a field.
            raise origin.error(BadResponseError, f"{type(error).__name__}: {error}") from error

    def facts(self, model: str) -> ModelFacts:
        """Return what the server knows of ``model``, asked once; raises ProviderError."""
        with self._lock:
            known = self._facts.get(model)
        return known or self.refresh_facts(model)

    def refresh_facts(self, model: str) -> ModelFacts:
        """Ask the server again, for example because the model was pulled anew; raises ProviderError."""
        with self.client(model, quick=True) as client:
            shown = client.show(model)
            information = dict(shown.modelinfo or {})
            window = next((v for k, v in information.items() if k.endswith(".context_length")), 0)
            facts = ModelFacts(
                context_tokens=int(window or 0),
                capabilities=frozenset(shown.capabilities or ()),
                family=(shown.details.family or "") if shown.details else "",
            )
        with self._lock:
            self._facts[model] = facts
        return facts


def _response_error(origin: Origin, status: int, text: str) -> ProviderError:
    """Ollama's errors are sentences without a code; the status is -1 for those inside a stream."""
    kind: type[ProviderError] | None = None
    if "system memory" in text or "out of memory" in text:
        kind = ModelTooLargeError
    elif "context length" in text or "longer than the context" in text:
        kind = ContextTooLongError
    elif "file does not exist" in text:  # the library knows no such model
        kind = ModelNotFoundError
    elif status == 404 and origin.model:
        kind = NotPulledError
    elif status == 503:
        kind = RateLimitError  # the queue is full
    elif status == -1:
        kind = ServerError
    elif status == 400:
        kind = BadRequestError
    return make_error(origin, kind, text) if kind else status_error(origin, status, text)
