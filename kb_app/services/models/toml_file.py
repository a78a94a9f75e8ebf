"""A file of settings that the app writes itself: readable by its owner only, replaced in one step."""

import errno
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kb_app.errors import ConfigurationError, DataFolderError, DiskFullError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class TomlFile:
    """Tables of plain values. Two writers must take turns."""

    def __init__(self, path: Path) -> None:
        """Use ``path``, whose folder must exist."""
        self._path = path

    def read(self) -> dict[str, Any]:
        """Return the tables; none without a file. Raises ConfigurationError when it cannot be read."""
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            problem = f"{self._path.name}: {type(error).__name__}"
            raise ConfigurationError(problem, problem=problem) from error

    def write(self, tables: Mapping[str, Any]) -> None:
        """Replace what is in the file. Raises DiskFullError, DataFolderError."""
        try:
            _write_private(self._path, "".join(_toml(tables)))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(str(error), folder=str(self._path.parent)) from error
            problem = error.strerror or str(error)
            raise DataFolderError(str(error), folder=str(self._path.parent), problem=problem) from error


def _toml(tables: Mapping[str, Any], path: Sequence[str] = ()) -> list[str]:
    """Return lines of TOML: JSON's strings, numbers and lists are TOML's as well."""

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    def word(name: str) -> str:
        return name if _BARE.fullmatch(name) else text(name)

    plain = {name: value for name, value in tables.items() if not isinstance(value, Mapping)}
    lines = [f"[{'.'.join(word(part) for part in path)}]\n"] if path and plain else []
    lines += [f"{word(name)} = {text(value)}\n" for name, value in plain.items()]
    for name, value in tables.items():
        if isinstance(value, Mapping):
            lines += _toml(value, (*path, name))
    return lines


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody else can read it at any time."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
