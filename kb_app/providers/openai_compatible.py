"""Every server that speaks the OpenAI protocol, through the ``openai`` SDK."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from kb_app.errors import BadResponseError, ConfigurationError, ProviderTimeoutError, UnreachableError
from kb_app.providers.bounds import bound
from kb_app.providers.cloud import Account, not_a_stream
from kb_app.providers.cloud_provider import CloudProvider
from kb_app.providers.completions import CHAT_PATH, chat_body
from kb_app.providers.endpoint import Endpoint, is_local
from kb_app.providers.failures import transport_error
from kb_app.providers.families import FAMILIES
from kb_app.providers.server_errors import body_error
from kb_app.providers.stream import Hangup

if TYPE_CHECKING:
    import openai

_LISTING_TIMEOUT_S = 5.0
#: Where servers tell a model's window in ``/models``: vLLM, LM Studio, OpenRouter.
_WINDOW_FIELDS = ("max_model_len", "max_context_length", "context_length")


def compatible_provider(name: str, endpoint: Endpoint) -> CloudProvider:
    """Return the provider ``name``, of the family of that name unless ``endpoint`` says another.

    Raises:
        ConfigurationError: the family is unknown, or there is no address.
    """
    row = endpoint.family or (name if name in FAMILIES else "compatible")
    if row not in FAMILIES:
        raise ConfigurationError(f"unknown family {row}", problem=f"{name}.family: {row}")
    return CloudProvider(OpenAIServer(Account(name, FAMILIES[row], endpoint)))


@functools.cache
def _tls() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()


class OpenAIServer:
    """The ``openai`` SDK for one account. Safe to share between threads."""

    def __init__(self, account: Account) -> None:
        """Serve ``account``; nothing is sent yet."""
        self.account = account

    @contextlib.contextmanager
    def _client(self, model: str, hangup: Hangup | None = None, read_s: float | None = None) -> Iterator[openai.OpenAI]:
        """Give a client of its own for one exchange; failures inside come out as ``ProviderError``."""
        # The SDK looks into httpx, if loaded, when an abandoned stream is collected: never half loaded, then.
        import httpx  # noqa: F401
        import httpx2
        import openai

        endpoint, family = self.account.endpoint, self.account.family
        parts = urlsplit(self.account.url(model))
        http = openai.DefaultHttpxClient(
            verify=_tls(),
            trust_env=not is_local(self.account.address),
            headers={"Accept-Encoding": "identity"},
            # Of what leads elsewhere, httpx keeps back the usual header of a key only.
            follow_redirects=not family.key_header,
            event_hooks={"response": [bound], "request": [hangup.watch] if hangup else []},
        )
        client = openai.OpenAI(
            # Local servers want none, but the SDK insists on one.
            api_key=endpoint.key or "none",
            base_url=parts._replace(query="").geturl(),
            default_query=dict(parse_qsl(parts.query)),
            default_headers={family.key_header: endpoint.key} if family.key_header else None,
            timeout=httpx2.Timeout(read_s or endpoint.read_timeout_s, connect=endpoint.connect_timeout_s),
            max_retries=0,
            http_client=http,
        )
        with self._failures(model, hangup), client:
            yield client

    @contextlib.contextmanager
    def _failures(self, model: str, hangup: Hangup | None) -> Iterator[None]:
        import httpx2
        import openai

        origin = self.account.origin(model)
        try:
            yield
        except openai.APIConnectionError as error:
            if hangup and hangup.expired:
                raise origin.error(ProviderTimeoutError, "no answer within the time limit") from error
            if error.__cause__ is None:
                raise origin.error(UnreachableError, error) from error
            raise transport_error(origin, error.__cause__) from error
        except openai.APIStatusError as error:
            response = error.response
            raise body_error(self.account.family, origin, error.status_code, response.text, response.headers) from error
        except openai.APIError as error:
            raise body_error(
                self.account.family, origin, 200, {"error": error.body, "message": error.message}
            ) from error
        except httpx2.HTTPError as error:
            raise transport_error(origin, error) from error
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            # The SDK parses without looking: JSON that is broken, or of another shape.
            raise origin.error(BadResponseError, f"{type(error).__name__}: {error}") from error

    @contextlib.contextmanager
    def chunks(self, fields: Mapping[str, Any], hangup: Hangup) -> Iterator[Iterator[Any]]:
        """Start a streamed chat and give its chunks; leaving the context closes the connection."""
        import openai

        model, body = fields["model"], chat_body(fields)
        with (
            self._client(model, hangup) as client,
            client.post(CHAT_PATH, body=body, cast_to=object, stream=True, stream_cls=openai.Stream[object]) as stream,
        ):
            kind = stream.response.headers.get("content-type", "")
            if "json" in kind or "html" in kind:  # not a stream at all: a failure with status 200, or a web page
                stream.response.read()
                raise not_a_stream(self.account, model, kind, stream.response.text)
            yield iter(stream)

    def embed(self, fields: Mapping[str, Any]) -> Sequence[Any]:
        """Return the items of an embedding request, as floats: not every server knows the SDK's base64."""
        with self._client(fields["model"]) as client:
            answer = client.embeddings.create(encoding_format="float", **fields)
            code = getattr(answer, "code", None)
            if not answer.data and code not in (None, 0):
                body = {"code": code, "message": getattr(answer, "message", "")}
                raise body_error(self.account.family, self.account.origin(fields["model"]), 200, body)
            return answer.data or []

    def listed(self) -> dict[str, int]:
        """Return the names in ``/models`` and their windows, 0 where it does not tell."""
        with self._client("", read_s=_LISTING_TIMEOUT_S) as client:
            return {model.id: _window(model) for model in client.models.list().data or []}


def _window(model: Any) -> int:
    return next((int(getattr(model, name)) for name in _WINDOW_FIELDS if getattr(model, name, None)), 0)
