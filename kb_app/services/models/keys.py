"""Addresses, keys and servers typed into the Models page, kept in ``keys.toml`` in the data folder.

The file is outside the database, readable by its owner only, and written in one step. What leaves this module
about a key is its mask; the key itself goes to the providers alone.
"""

import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr

from kb_app.errors import (
    ConfigurationError,
    KeyFormatError,
    ServerAddressError,
    ServerNameError,
)
from kb_app.providers.endpoint import clean_address
from kb_app.services.models.toml_file import TomlFile
from kb_app.settings import KEYS_FILE, PROVIDERS, RESERVED_NAMES, EndpointSettings, Settings

_SERVERS = "servers"
_FIELDS = ("base_url", "api_key", "chat_models", "embedding_models")
_SERVER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MASK = "…"
_SHOWN, _LONG_ENOUGH = 4, 12

KeySource = Literal["none", "environment", "page", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a provider is reached, fit to be shown.

    ``masked_key`` is empty without a key. ``fixed`` are the fields the environment sets, which nothing typed can
    change. ``added`` says that it is a server that was typed into the page.
    """

    name: str
    base_url: str
    masked_key: str
    key_source: KeySource
    chat_models: tuple[str, ...]
    embedding_models: tuple[str, ...]
    fixed: frozenset[str]
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEntry:
    """What was typed; without an ``api_key`` the one there is stays; other empty fields go back to the default."""

    base_url: str = ""
    api_key: SecretStr | None = None
    chat_models: tuple[str, ...] = ()
    embedding_models: tuple[str, ...] = ()


class Keys:
    """Changes how providers are reached, at once and for the next start. Safe to share between threads."""

    def __init__(self, settings: Settings, apply: Callable[[Settings], None]) -> None:
        """Begin with ``settings``; ``apply`` is called with the new ones, and may raise ConfigurationError."""
        self._settings = settings
        self._apply = apply
        self._file = TomlFile(settings.data_dir / KEYS_FILE)
        self._lock = threading.Lock()

    def connections(self) -> list[Connection]:
        """Return every provider known by name, then the further servers."""
        stored = self._file.read()
        return [self._connection(name, one, stored) for name, one in self._settings.endpoints().items()]

    def connection(self, name: str) -> Connection | None:
        """Return the one of this name, None when there is none."""
        return next((one for one in self.connections() if one.name == name), None)

    def add_server(self, name: str, entry: ConnectionEntry) -> None:
        """Add an OpenAI-compatible server.

        Raises:
            ServerNameError: the name cannot be part of a model's id, or is taken.
            ServerAddressError, KeyFormatError, StorageError: see :meth:`save`.
        """
        name = name.strip()
        taken = name.lower() in RESERVED_NAMES or self.connection(name) is not None
        if taken or not _SERVER_NAME.fullmatch(name):
            raise ServerNameError("taken, or not a name for a server", name=name)
        if not entry.base_url.strip():
            raise ServerAddressError("no address", address="")
        self._change(name, _cleaned(name, entry))

    def save(self, name: str, entry: ConnectionEntry) -> None:
        """Change how a provider is reached.

        Raises:
            ServerAddressError: the address is not one.
            KeyFormatError: the key holds characters no key has.
            StorageError: the file cannot be written.
        """
        shown = self.connection(name)
        typed = _cleaned(name, entry)
        if shown is not None:  # what was not changed stays where it was set
            typed = {field: value for field, value in typed.items() if value != getattr(shown, field, None)}
        if not typed.get("api_key"):
            typed.pop("api_key", None)
        if shown is not None and shown.added and not typed.get("base_url", True):
            raise ServerAddressError("no address", address="")
        self._change(name, typed)

    def remove_key(self, name: str) -> None:
        """Forget the key that was typed."""
        self._change(name, {"api_key": ""})

    def remove_server(self, name: str) -> None:
        """Forget a server that was typed in, with its key."""
        self._change(name, dict.fromkeys(_FIELDS, ""))

    def _change(self, name: str, values: Mapping[str, Any]) -> None:
        with self._lock:
            before = self._file.read()
            after = json.loads(json.dumps(before))
            parent = after if name in PROVIDERS else after.setdefault(_SERVERS, {})
            section = parent.setdefault(name, {}) | values
            parent[name] = {field: value for field, value in section.items() if value}
            if not parent[name]:
                del parent[name]
            self._file.write(after)
            try:
                settings = self._settings.fresh()
                self._apply(settings)
            except ConfigurationError:
                self._file.write(before)
                raise
            self._settings = settings

    def _connection(self, name: str, one: EndpointSettings, stored: Mapping[str, Any]) -> Connection:
        key = one.api_key.get_secret_value().strip() if one.api_key else ""
        section = stored.get(name) or stored.get(_SERVERS, {}).get(name, {})
        fixed = frozenset(field for field in _FIELDS if os.environ.get(f"KB_{name}_{field}".upper()))
        source: KeySource = "none"
        if key:
            source = "environment" if "api_key" in fixed else "page" if section.get("api_key") else "file"
        return Connection(
            name=name,
            base_url=one.base_url or "",
            masked_key=mask(key),
            key_source=source,
            chat_models=one.chat_models,
            embedding_models=one.embedding_models,
            fixed=fixed,
            added=name in stored.get(_SERVERS, {}),
        )


def mask(key: str) -> str:
    """Return what may be shown of a key: its last four characters, of a short one nothing."""
    if not key:
        return ""
    return _MASK + (key[-_SHOWN:] if len(key) >= _LONG_ENOUGH else "")


def _cleaned(name: str, entry: ConnectionEntry) -> dict[str, Any]:
    key = entry.api_key.get_secret_value().strip().removeprefix("Bearer ").strip() if entry.api_key else ""
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise KeyFormatError("the key holds characters that cannot be sent", provider=name)
    address = entry.base_url.strip()
    if address:
        try:
            address = clean_address(name, address)
        except (ConfigurationError, ValueError) as error:
            raise ServerAddressError(str(error), address=address) from error
    return {
        "base_url": address,
        "api_key": key,
        "chat_models": entry.chat_models,
        "embedding_models": entry.embedding_models,
    }
