"""What a server of the OpenAI family says when it fails, as typed errors: body code first, status last."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kb_app.errors import (
    AuthError,
    BadResponseError,
    ContextTooLongError,
    ModelNotFoundError,
    ProviderError,
    QuotaError,
    ServerError,
)
from kb_app.providers.endpoint import Origin
from kb_app.providers.failures import make_error, status_error
from kb_app.providers.families import COMMON_ERRORS, Family

#: For servers whose codes say too little; tried in this order.
_TEXTS: tuple[tuple[type[ProviderError], re.Pattern[str]], ...] = (
    (QuotaError, re.compile(r"tokens\.total|insufficient.{0,10}balance|arrears|欠费|余额不足", re.IGNORECASE)),
    (
        ContextTooLongError,
        re.compile(
            r"context (length|size|window)|prompt (is|exceeds).{0,20}(long|max)|input length|too large to process",
            re.IGNORECASE,
        ),
    ),
    (ModelNotFoundError, re.compile(r"model.{0,80}(not found|does not exist|not exist)|模型不存在", re.IGNORECASE)),
)


def body_error(
    family: Family, origin: Origin, status: int, body: object, headers: Mapping[str, str] | None = None
) -> ProviderError:
    """Return the failure that ``body`` describes.

    Args:
        family: Whose error table is used.
        origin: For the error.
        status: HTTP status; 200 for a failure inside a stream.
        body: Parsed JSON, or the text of the body.
        headers: Of the response, for ``Retry-After``.
    """
    parsed = _parsed(body)
    detail = f"HTTP {status}: {_message(parsed)}"
    found = [table[code] for code in _codes(parsed) for table in (family.errors, COMMON_ERRORS) if code in table]
    if found and found[0] is not AuthError:
        return make_error(origin, found[0], detail, headers)
    for kind, pattern in _TEXTS:
        if pattern.search(detail):
            return make_error(origin, kind, detail, headers)
    if found:
        return make_error(origin, found[0], detail, headers)
    if status == 404:  # a server that knows its models says so; anything else is not the right address
        return make_error(origin, BadResponseError, detail, headers)
    if status == 402:
        return make_error(origin, QuotaError, detail, headers)
    if status < 400:
        return make_error(origin, ServerError, detail, headers)
    return status_error(origin, status, detail, headers)


def _parsed(body: object) -> object:
    if isinstance(body, str):
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return body  # a proxy's web page
    return body


def _codes(body: object) -> Iterator[str]:
    """Yield all codes in the body, the most telling first."""
    if not isinstance(body, Mapping):
        return
    inner = body.get("error")
    for holder, names in ((inner, ("code", "type")), (body, ("code", "error_code", "type"))):
        if isinstance(holder, Mapping):
            yield from (str(holder[name]) for name in names if holder.get(name) not in (None, ""))


def _message(body: object) -> str:
    if not isinstance(body, Mapping):
        return str(body)
    inner: Any = body.get("error")
    if isinstance(inner, Mapping):
        return str(inner.get("message") or inner)
    return str(inner or body.get("message") or body.get("error_msg") or body)
