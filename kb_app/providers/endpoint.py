"""Where a model server is, and which model of it is meant when something fails."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from kb_app.errors import ConfigurationError, ProviderError

_AnyProviderError = TypeVar("_AnyProviderError", bound=ProviderError)

#: What keys look like: OpenAI style, Qianfan v2, Zhipu ``id.secret``, and anything after the word Bearer.
_KEY_SHAPES = re.compile(r"sk-[\w*-]{6,}|bce-v3/[\w/*-]+|\b[0-9a-f]{32}\.\w{8,}|(?<=Bearer )\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Address, key and limits of one provider; empty values mean the provider's own.

    ``family`` names the row of :data:`kb_app.providers.families.FAMILIES` for a server a user added.
    ``context_tokens`` caps the window (0: the provider's default).
    """

    base_url: str = ""
    api_key: SecretStr | None = None
    family: str = ""
    chat_models: tuple[str, ...] = ()
    embedding_models: tuple[str, ...] = ()
    context_tokens: int = 0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 300.0
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The bare key, without blanks or a pasted leading ``Bearer``; empty when there is none."""
        value = self.api_key.get_secret_value() if self.api_key else ""
        return value.strip().removeprefix("Bearer ").strip()


def clean_address(name: str, address: str, *, default_port: int | None = None) -> str:
    """Return ``address`` as a base URL without trailing slash or pasted end point path.

    Raises:
        ConfigurationError: it is not an http or https address.
    """
    text = address.strip()
    if "://" not in text:
        host = text.split("/")[0]
        port = f":{default_port}" if default_port and ":" not in host else ""
        text = f"http://{host}{port}{text[len(host) :]}"
    text = text.replace("//0.0.0.0", "//127.0.0.1")  # a server may listen there, a client cannot call it
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{name}: not an address", problem=f"{name}.base_url: {address}")
    path = re.sub(r"(/chat/completions|/embeddings|/models|/api/(chat|tags))?/*$", "", parts.path)
    return parts._replace(path=path).geturl()  # Azure's addresses carry their version in the query


def is_local(address: str) -> bool:
    """Return whether ``address`` is this machine or a private network, for which no proxy must be asked."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private  # loopback addresses are
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a failure comes from; its three names are the params of every ``ProviderError``."""

    provider: str
    address: str
    model: str = ""
    key: str = field(default="", repr=False)

    def error(self, kind: type[_AnyProviderError], detail: object, **params: str | int | float) -> _AnyProviderError:
        """Return an error of ``kind``; keys are removed from ``detail``, which only the log sees."""
        text = str(detail)
        if self.key:
            text = text.replace(self.key, "***")
        text = _KEY_SHAPES.sub("***", text)[:500]
        return kind(text, provider=self.provider, model=self.model, address=self.address, **params)
