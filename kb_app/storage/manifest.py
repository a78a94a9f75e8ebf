"""Sizes and times of index files when they were last known to be good, to notice a crash or a damaged file at once."""

import json
from pathlib import Path

Stamp = dict[str, list[int]]


class Manifest:
    """A JSON file: part (a sub-folder of the index folder) -> file -> [size in bytes, modification time in ns]."""

    def __init__(self, index_folder: Path) -> None:
        """Watch the sub-folders of ``index_folder``."""
        self._folder = index_folder
        self._file = index_folder / "manifest.json"

    def matches(self, part: str) -> bool:
        """Return whether every file of ``part`` is as it was at :meth:`seal`, with none missing and none new."""
        return self._read().get(part) == self._stamp(part)

    def seal(self, *parts: str) -> None:
        """Record that these parts are complete now."""
        known = self._read()
        fresh = {part: self._stamp(part) for part in parts}
        if all(known.get(part) == stamp for part, stamp in fresh.items()):
            return
        self._write(known | fresh)

    def forget(self, part: str) -> None:
        """Record that ``part`` is about to change, or is gone."""
        known = self._read()
        if known.pop(part, None) is not None:
            self._write(known)

    def parts(self) -> set[str]:
        """Return the sealed parts."""
        return set(self._read())

    def _read(self) -> dict[str, Stamp]:
        try:
            loaded: dict[str, Stamp] = json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # none yet, or cut off: nothing is known to be good
            return {}
        return loaded

    def _write(self, known: dict[str, Stamp]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(known), encoding="utf-8")
        temporary.replace(self._file)

    def _stamp(self, part: str) -> Stamp:
        root = self._folder / part
        stamp: Stamp = {}
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm", "-journal")):
                status = path.stat()
                stamp[str(path.relative_to(root))] = [status.st_size, status.st_mtime_ns]
        return stamp
