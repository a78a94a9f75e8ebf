"""Zhipu GLM, through its own ``zhipuai`` SDK.

Its faults made harmless here: three retries that ignore ``Retry-After`` and also repeat "account in arrears"
(none are left to it), lines of a stream split at U+2028 and the like, raw httpx and JSON errors in mid-stream,
no ``close`` on a stream, and waiting for the end of the body after the answer's.
"""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kb_app.errors import BadResponseError, ProviderTimeoutError, UnreachableError
from kb_app.providers.bounds import bound
from kb_app.providers.cloud import Account, not_a_stream
from kb_app.providers.cloud_provider import CloudProvider
from kb_app.providers.completions import CHAT_PATH, chat_body
from kb_app.providers.endpoint import Endpoint, is_local
from kb_app.providers.failures import transport_error
from kb_app.providers.families import FAMILIES
from kb_app.providers.server_errors import body_error
from kb_app.providers.stream import Hangup, protect_lines

if TYPE_CHECKING:
    import zhipuai  # type: ignore[import-untyped]


def glm_provider(endpoint: Endpoint) -> CloudProvider:
    """Return the provider ``glm``. Raises ConfigurationError for a wrong address."""
    return CloudProvider(ZhipuServer(Account("glm", FAMILIES["glm"], endpoint)))


@functools.cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


class ZhipuServer:
    """The ``zhipuai`` SDK for one account. Safe to share between threads."""

    def __init__(self, account: Account) -> None:
        """Serve ``account``; nothing is sent yet."""
        self.account = account

    @contextlib.contextmanager
    def _client(self, model: str, hangup: Hangup | None = None) -> Iterator[zhipuai.ZhipuAI]:
        """Give a client of its own for one exchange; failures inside come out as ``ProviderError``."""
        import httpx
        import zhipuai

        endpoint = self.account.endpoint
        http = httpx.Client(
            verify=_tls(),
            trust_env=not is_local(self.account.address),
            timeout=httpx.Timeout(endpoint.read_timeout_s, connect=endpoint.connect_timeout_s),
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [bound, protect_lines], "request": [hangup.watch] if hangup else []},
        )
        client = zhipuai.ZhipuAI(
            api_key=endpoint.key or "none",
            base_url=self.account.address,
            timeout=http.timeout,
            max_retries=0,
            http_client=http,
        )
        with self._failures(model, hangup), http:
            yield client

    @contextlib.contextmanager
    def _failures(self, model: str, hangup: Hangup | None) -> Iterator[None]:
        import httpx
        from zhipuai import core

        origin = self.account.origin(model)
        try:
            yield
        except core.APIStatusError as error:
            response = error.response
            raise body_error(self.account.family, origin, error.status_code, response.text, response.headers) from error
        except (core.APIConnectionError, httpx.HTTPError) as error:
            if hangup and hangup.expired:
                raise origin.error(ProviderTimeoutError, "no answer within the time limit") from error
            cause = error if isinstance(error, httpx.HTTPError) else error.__cause__
            if cause is None:
                raise origin.error(UnreachableError, error) from error
            raise transport_error(origin, cause) from error
        except core.APIResponseError as error:
            raise body_error(self.account.family, origin, 200, {"error": error.json_data}) from error
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            # The SDK parses without looking: JSON that is broken, or of another shape.
            raise origin.error(BadResponseError, f"{type(error).__name__}: {error}") from error

    @contextlib.contextmanager
    def chunks(self, fields: Mapping[str, Any], hangup: Hangup) -> Iterator[Iterator[Any]]:
        """Start a streamed chat and give its chunks; leaving the context closes the connection."""
        from zhipuai import core

        model, body = fields["model"], chat_body(fields)
        with self._client(model, hangup) as client:
            stream = client.post(
                CHAT_PATH, body=body, cast_type=object, stream=True, stream_cls=core.StreamResponse[object]
            )
            with contextlib.closing(stream.response) as response:
                kind = response.headers.get("content-type", "")
                if "json" in kind or "html" in kind:
                    response.read()
                    raise not_a_stream(self.account, model, kind, response.text)
                yield iter(stream)

    def embed(self, fields: Mapping[str, Any]) -> Sequence[Any]:
        """Return the items of an embedding request."""
        with self._client(fields["model"]) as client:
            return client.embeddings.create(**fields).data or []

    def listed(self) -> dict[str, int]:
        """Return nothing: GLM documents no list of models."""
        return {}
