"""What goes wrong between us and a server, as typed errors; what a server says itself is up to its adapter."""

import email.utils
import time
from collections.abc import Mapping

from kb_app.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    InterruptedStreamError,
    ModelNotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from kb_app.providers.endpoint import Origin

#: Names of httpx's exceptions, the same in httpx and httpx2 (which newer SDKs use).
_TRANSPORT: Mapping[str, type[ProviderError]] = {
    "ConnectError": UnreachableError,
    "ConnectTimeout": UnreachableError,
    "ProxyError": UnreachableError,
    "ReadTimeout": ProviderTimeoutError,
    "WriteTimeout": ProviderTimeoutError,
    "PoolTimeout": ProviderTimeoutError,
    "ReadError": InterruptedStreamError,
    "WriteError": InterruptedStreamError,
    "CloseError": InterruptedStreamError,
    "RemoteProtocolError": InterruptedStreamError,
}

_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthError,
    403: AuthError,
    404: ModelNotFoundError,
    408: ProviderTimeoutError,
    429: RateLimitError,
    504: ProviderTimeoutError,
}


def transport_error(origin: Origin, error: BaseException) -> ProviderError:
    """Return the failure that an exception of httpx or httpx2 stands for."""
    kind = _TRANSPORT.get(type(error).__name__, BadResponseError)
    if kind is InterruptedStreamError and "illegal" in str(error):  # whatever answers there does not speak HTTP
        kind = BadResponseError
    return origin.error(kind, f"{type(error).__name__}: {error}")


def status_error(origin: Origin, status: int, detail: str, headers: Mapping[str, str] | None = None) -> ProviderError:
    """Return the failure that an HTTP status stands for when the body says nothing better."""
    fallback = ServerError if status >= 500 else BadRequestError
    return make_error(origin, _STATUS.get(status, fallback), f"HTTP {status}: {detail}", headers)


def make_error(
    origin: Origin, kind: type[ProviderError], detail: str, headers: Mapping[str, str] | None = None
) -> ProviderError:
    """Return an error of ``kind``; a rate limit also says when to try again, 0 when the server did not."""
    if issubclass(kind, RateLimitError):
        return origin.error(kind, detail, retry_after_s=retry_after_s(headers or {}))
    return origin.error(kind, detail)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return the seconds a server asks to wait in ``Retry-After`` (seconds or a date), or 0."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
