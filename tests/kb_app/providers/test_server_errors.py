import pytest

from kb_app.errors import (
    AuthError,
    BadResponseError,
    ContentFilterError,
    ContextTooLongError,
    ModelNotFoundError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from kb_app.providers.endpoint import Origin
from kb_app.providers.failures import retry_after_s
from kb_app.providers.families import FAMILIES
from kb_app.providers.server_errors import body_error

ORIGIN = Origin(provider="p", address="http://a", model="m")


@pytest.mark.parametrize(
    ("family", "status", "body", "kind"),
    [
        # 429 is not always worth another try, 401 not always the key, 400 not always the request.
        ("openai", 429, {"error": {"code": "insufficient_quota", "message": "quota"}}, QuotaError),
        ("glm", 429, {"error": {"code": "1308", "message": "limit until 18:00"}}, QuotaError),
        ("ernie", 401, {"error": {"code": "invalid_model", "message": "no"}}, ModelNotFoundError),
        ("glm", 400, {"error": {"code": "1301", "message": "unsafe"}}, ContentFilterError),
        # A known code counts for more than the words around it ...
        (
            "openai",
            429,
            {"error": {"code": "rate_limit_exceeded", "message": "tokens per minute; see the context window"}},
            RateLimitError,
        ),
        # ... but Spark has one code for two things.
        ("spark", 403, {"error": {"code": "11200", "message": "AppIdNoAuthError"}}, AuthError),
        ("spark", 403, {"error": {"code": "11200", "message": "tokens.total used up"}}, QuotaError),
        ("spark", 200, {"code": 10014, "message": "output audit", "sid": "x"}, ContentFilterError),
        # llama.cpp and vLLM
        (
            "compatible",
            500,
            {"error": {"message": "input is too large to process. increase the physical batch size", "code": 500}},
            ContextTooLongError,
        ),
        ("compatible", 503, {"error": {"message": "Loading model", "type": "unavailable_error"}}, ServerError),
        ("compatible", 404, {"detail": "Not Found"}, BadResponseError),
        ("compatible", 404, "<html>Not Found</html>", BadResponseError),
        ("compatible", 401, "", AuthError),
        ("compatible", 400, ["odd"], ProviderError),
    ],
)
def test_body_is_classified(family: str, status: int, body: object, kind: type[ProviderError]) -> None:
    error = body_error(FAMILIES[family], ORIGIN, status, body)
    assert isinstance(error, kind)
    assert error.params["provider"] == "p"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("", 0),
        ("soon", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("-1", 0),
        ("²", 0),
        ("1 Jan 9999999999 0:0 GMT", 0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    assert retry_after_s({"retry-after": value}) == seconds


def test_keys_are_taken_out_of_texts() -> None:
    origin = Origin(provider="p", address="a", key="secret-value")
    zhipu = "0123456789abcdef0123456789abcdef.AbCdEfGh12345678"
    error = origin.error(AuthError, f"secret-value sk-abcdefgh bce-v3/ALTAK-x/y {zhipu}")
    assert str(error) == "*** *** *** ***"
