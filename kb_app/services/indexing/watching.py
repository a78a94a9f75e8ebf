"""Keeps bases in step with folders of this machine: what is added, changed or removed there follows here.

Folders are looked through every few seconds, which works on every file system. What was seen is in the database, so
changes made while the app was closed are noticed at the next start. A folder that cannot be read in full, or that was
swapped for an empty one (a disk that is not mounted), changes nothing and is told.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.load import supported_extensions
from kb_app.errors import KBAppError, WatchFolderError
from kb_app.models import KnowledgeBase, Notice, WatchedFile
from kb_app.services.documents.intake import Intake, Repositories, Upload, clean_document_name
from kb_app.services.documents.library import Library
from kb_app.services.notices import Notices
from kb_app.storage.watched import WatchedRepository

_LOG = logging.getLogger(__name__)

POLL_S = 3.0
#: A file that changed this recently may still be being written.
_SETTLED_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A file of a supported kind as it lies in the folder; ``path`` is None for a link that leads out of it."""

    path: Path | None
    size: int = 0
    mtime_ns: int = 0

    @property
    def is_settled(self) -> bool:
        return abs(time.time() - self.mtime_ns / 1e9) >= _SETTLED_S


class Watching:
    """Watched folders. :meth:`start` is called in the process that owns the data folder."""

    def __init__(
        self,
        data_dir: Path,
        repositories: Repositories,
        watched: WatchedRepository,
        intake: Intake,
        library: Library,
        notices: Notices,
    ) -> None:
        """Queue through ``intake``, remove through ``library``."""
        self._data_dir = data_dir
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._jobs = repositories.jobs
        self._watched = watched
        self._intake = intake
        self._library = library
        self._notices = notices
        self._told: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def set_folder(self, base_id: str, folder: str) -> KnowledgeBase:
        """Keep a base in step with a folder; an empty ``folder`` ends that and leaves the documents as they are.

        Raises:
            WatchFolderError: it is no folder that can be watched.
            NotFoundError: the base does not exist.
        """
        with self._lock:
            return self._set_folder(base_id, folder)

    def _set_folder(self, base_id: str, folder: str) -> KnowledgeBase:
        self._bases.get(base_id)
        values = {"watch_folder": "", "watch_inode": ""}
        if folder.strip():
            path = self._checked(Path(folder.strip()).expanduser())
            values = {"watch_folder": str(path), "watch_inode": str(path.stat().st_ino)}
        self._watched.forget(base_id)
        self._bases.change(base_id, values)
        return self._bases.get(base_id)

    def changes(self, base_id: str, limit: int = 50) -> list[WatchedFile]:
        """Return what changed last in the base's folder, newest first."""
        return self._watched.changes(base_id, limit)

    def _checked(self, path: Path) -> Path:
        if not path.is_absolute() or not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
            raise WatchFolderError(str(path), folder=str(path))
        resolved, data = path.resolve(), self._data_dir.resolve()
        if resolved.is_relative_to(data) or data.is_relative_to(resolved):
            raise WatchFolderError("overlaps the data folder", folder=str(path))
        return resolved

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the top of the thread: without it no folder would be followed any more
                _LOG.exception("the watcher stumbled; it goes on")
            self._closing.wait(POLL_S)

    def look(self) -> None:
        """Look through every watched folder now."""
        for base in self._bases.all():
            with self._lock:
                if base.watch_folder and not self._closing.is_set():
                    self._look(self._bases.get(base.id))

    def _look(self, base: KnowledgeBase) -> None:
        try:
            seen = look_through(Path(base.watch_folder))
            swapped = str(Path(base.watch_folder).stat().st_ino) != base.watch_inode
            if not seen and swapped:
                self._tell("watch_folder_swapped", base)
                return
            self._follow(base, seen)
            self._told = {one for one in self._told if one[1] != base.id}
        except OSError:
            self._tell("watch_folder_unreadable", base)
        except KBAppError:
            _LOG.exception("the folder of base %s could not be followed; trying again", base.id)

    def _tell(self, key: str, base: KnowledgeBase) -> None:
        if (key, base.id) not in self._told:
            self._told.add((key, base.id))
            params = {"base": base.name, "folder": base.watch_folder}
            self._notices.add(Notice(key=key, params=params, level="warning"))

    def _follow(self, base: KnowledgeBase, seen: dict[str, _Seen]) -> None:
        """Do what has changed since the last look; files that are being read are left for the next one."""
        busy = {job.name for job in self._jobs.active(base.id)}
        known = {name: file for name, file in self._watched.present(base.id).items() if name not in busy}
        gone = [name for name in known if name not in seen]
        if gone:  # first: a file that was renamed must not be taken for a copy
            self._remove(base, gone)
        batch: str | None = None
        for name, file in seen.items():
            if name in busy or self._is_known(file, known.get(name)) or not file.is_settled:
                continue
            if file.path is None:
                change = "refused"
            else:
                change = "changed" if name in known else "added"
                batch = self._intake.add(base.id, Upload(name=name, data=file.path), batch)
            record = WatchedFile(name=name, size=file.size, mtime_ns=file.mtime_ns, change=change)  # type: ignore[arg-type]
            self._watched.record(base.id, [record])
        if gone:
            self._restore(base, {name: seen[name] for name in known if name in seen}, batch)

    @staticmethod
    def _is_known(file: _Seen, known: WatchedFile | None) -> bool:
        return known is not None and (known.size, known.mtime_ns) == (file.size, file.mtime_ns)

    def _remove(self, base: KnowledgeBase, names: list[str]) -> None:
        doomed = {one.name: one.id for one in self._documents.of_base(base.id) if one.name in set(names)}
        if doomed:
            self._library.remove(base.id, list(doomed.values()))
        self._watched.record(base.id, [WatchedFile(name=name, size=0, mtime_ns=0, change="removed") for name in names])

    def _restore(self, base: KnowledgeBase, files: dict[str, _Seen], batch: str | None) -> None:
        """Add files anew that were left out as copies of one that is gone now."""
        shown = {one.name for one in self._documents.of_base(base.id)}
        for name, file in files.items():
            if name not in shown and file.path is not None:
                batch = self._intake.add(base.id, Upload(name=name, data=file.path), batch)


def look_through(folder: Path) -> dict[str, _Seen]:
    """Return name -> file of all supported files below ``folder``; hidden folders are left out, links not followed out.

    Raises:
        OSError: some part of it cannot be read, so that nothing can be said of what is missing.
    """
    root = folder.resolve(strict=True)
    return dict(_entries(root))


def _entries(root: Path) -> Iterator[tuple[str, _Seen]]:
    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith("._") or path.suffix.lower() not in supported_extensions():
                continue
            found = _seen(path, root)
            if found is not None:
                yield clean_document_name(path.relative_to(root).as_posix()), found


def _seen(path: Path, root: Path) -> _Seen | None:
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            return _Seen(path=None)
        status = target.stat()
    except FileNotFoundError:  # gone since the folder was listed, or a dangling link
        return None
    return _Seen(path=target, size=status.st_size, mtime_ns=status.st_mtime_ns) if target.is_file() else None
