"""What the index files looked like when last known to be good, to notice a crash or a damaged file at once."""

import json
from pathlib import Path
from typing import Any

Facts = dict[str, int]


class Manifest:
    """A JSON file: part (a sub-folder of the index folder) -> its files' sizes and times, and what it then held."""

    def __init__(self, index_folder: Path) -> None:
        """Watch the sub-folders of ``index_folder``."""
        self._folder = index_folder
        self._file = index_folder / "manifest.json"

    def matches(self, part: str, facts: Facts) -> bool:
        """Return whether the files of ``part`` and what it should hold (``facts``) are as at :meth:`seal`."""
        return self._read().get(part) == {"files": self._files(part), "facts": facts}

    def seal(self, part: str, facts: Facts) -> None:
        """Record that ``part`` is complete now and holds ``facts``: id of a base -> number of its chunks."""
        known, fresh = self._read(), {"files": self._files(part), "facts": facts}
        if known.get(part) != fresh:
            self._write(known | {part: fresh})

    def forget(self, part: str) -> None:
        """Record that ``part`` is about to change, or is gone."""
        known = self._read()
        if known.pop(part, None) is not None:
            self._write(known)

    def parts(self) -> set[str]:
        """Return the sealed parts."""
        return set(self._read())

    def _read(self) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # none yet, or cut off: nothing is known to be good
            return {}
        return loaded

    def _write(self, known: dict[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(known), encoding="utf-8")
        temporary.replace(self._file)

    def _files(self, part: str) -> dict[str, list[int]]:
        """Return path -> [size in bytes, modification time in ns]; SQLite's side files come and go by themselves."""
        root = self._folder / part
        found: dict[str, list[int]] = {}
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm", "-journal")):
                status = path.stat()
                found[str(path.relative_to(root))] = [status.st_size, status.st_mtime_ns]
        return found
