"""Fetching an embedding model's files: with progress, resumed where it broke off, checked, and ended from any thread.

The files grow in ``.NAME.part`` beside the models, which the provider does not list; only a folder that is complete
and right gets its name.
"""

import errno
import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kb_app.errors import (
    DataFolderError,
    DiskFullError,
    InterruptedStreamError,
    ModelChecksumError,
    ProviderError,
)
from kb_app.providers.endpoint import Origin, clean_address, is_local
from kb_app.providers.failures import status_error, transport_error
from kb_app.providers.onnx import NAME
from kb_app.providers.stream import Hangup

if TYPE_CHECKING:
    import httpx

_TRIES = 4
_TIMEOUT_S = 30.0
#: A file of unknown size may take so many times what the whole model is said to take, and so much more.
_MOST_TIMES, _MOST_MB = 3, 100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file of a model; an empty ``sha256`` and a size of 0 are not known beforehand."""

    path: str
    save_as: str
    sha256: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteModel:
    """A model that can be fetched; ``about_mb`` is what it takes, to be told beforehand."""

    name: str
    repository: str
    files: Sequence[RemoteFile]
    revision: str = "main"
    languages: Sequence[str] = ()
    about_mb: int = 0
    pooling: str = "mean"
    query_prompt: str = ""
    document_prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How far a download is; ``total_bytes`` is 0 while unknown, and grows with the files begun."""

    done_bytes: int
    total_bytes: int


def remote_models() -> tuple[str, tuple[RemoteModel, ...]]:
    """Return the usual address, and the models that can be fetched from it or a mirror."""
    text = resources.files("kb_app.providers").joinpath("onnx_models.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    return content["base_url"], tuple(_model(one) for one in content["models"])


def _model(one: Mapping[str, Any]) -> RemoteModel:
    return RemoteModel(**{**one, "files": tuple(RemoteFile(**file) for file in one["files"])})


class Download:
    """One model on its way into a folder of models."""

    def __init__(self, model: RemoteModel, base_url: str, folder: Path, hangup: Hangup) -> None:
        """Fetch ``model`` from the hub or mirror at ``base_url``; ``hangup`` ends it. Raises ConfigurationError."""
        self._model = model
        self._address = clean_address("onnx", base_url)
        self._folder = folder / model.name
        self._part = folder / f".{model.name}.part"
        self._hangup = hangup
        self._origin = Origin(provider=NAME, model=model.name, address=self._address)
        self._sizes: dict[str, int] = {file.save_as: file.size_bytes for file in model.files}

    def run(self) -> Iterator[Fetched]:
        """Fetch what is missing and yield the progress; the folder is there when it ends.

        Raises:
            ModelChecksumError: a file is not what it should be; it is fetched anew next time.
            ProviderError: the server failed; what has come is kept, and a later run goes on there.
            DiskFullError, DataFolderError: the disk refused.
        """
        import httpx

        if self._folder.exists():
            return
        client = httpx.Client(
            follow_redirects=True,
            timeout=_TIMEOUT_S,
            trust_env=not is_local(self._address),
            headers={"Accept-Encoding": "identity"},
            event_hooks={"request": [self._hangup.watch]},
        )
        try:
            self._part.mkdir(parents=True, exist_ok=True)
            with client:
                for file in self._model.files:
                    yield from self._patiently(client, file)
            self._describe()
            self._part.rename(self._folder)
        except OSError as error:
            raise _disk_error(error, self._part) from error

    def _patiently(self, client: "httpx.Client", file: RemoteFile) -> Iterator[Fetched]:
        for left in reversed(range(_TRIES)):
            try:
                yield from self._fetch(client, file)
            except InterruptedStreamError:
                if self._hangup.done or not left:
                    raise
            else:
                return

    def _fetch(self, client: "httpx.Client", file: RemoteFile) -> Iterator[Fetched]:
        import httpx

        target = self._part / file.save_as
        if target.exists():
            self._sizes[file.save_as] = target.stat().st_size
            yield self._progress()
            return
        partial = target.with_name(f"{target.name}.part")
        partial.parent.mkdir(parents=True, exist_ok=True)
        path = quote(f"{self._model.repository}/resolve/{self._model.revision}/{file.path}")
        try:
            with client.stream("GET", f"{self._address}/{path}", headers=_resume_headers(partial)) as response:
                yield from self._take(response, partial, file)
        except httpx.HTTPError as error:
            raise transport_error(self._origin, error) from error
        expected = file.sha256 or _noted(partial).get("sha256", "")
        actual_size, wanted_size = partial.stat().st_size, self._sizes[file.save_as]
        if (wanted_size and actual_size != wanted_size) or (expected and _sha256(partial) != expected):
            _forget(partial)
            raise self._origin.error(ModelChecksumError, f"{file.path}: {actual_size} bytes", file=file.path)
        _note_path(partial).unlink(missing_ok=True)
        partial.rename(target)

    def _take(self, response: "httpx.Response", partial: Path, file: RemoteFile) -> Iterator[Fetched]:
        if response.status_code == 416:  # what we have is not a beginning of what is there now
            _forget(partial)
            raise self._origin.error(InterruptedStreamError, "range not satisfiable")
        if response.status_code >= 400:
            raise self._status_error(response, file)
        resumed = response.status_code == 206 and partial.exists()
        have = partial.stat().st_size if resumed else 0
        packed = "content-encoding" in response.headers
        coming = 0 if packed else int(response.headers.get("content-length") or 0)
        if not file.size_bytes:
            self._sizes[file.save_as] = have + coming if coming else 0
        _note(partial, response)
        received = 0
        with partial.open("ab" if resumed else "wb") as out:
            for piece in response.iter_bytes():  # as they come: a buffer would be lost with the connection
                out.write(piece)
                received += len(piece)
                self._refuse_endless(have + received, partial, file)
                out.flush()
                yield self._progress()
                if self._hangup.done:
                    raise self._origin.error(InterruptedStreamError, "stopped")
        if coming and received < coming:
            raise self._origin.error(InterruptedStreamError, f"{received} of {coming} bytes")

    def _refuse_endless(self, size_bytes: int, partial: Path, file: RemoteFile) -> None:
        """Stop a server that sends and sends before the disk is full."""
        most = file.size_bytes or (_MOST_TIMES * self._model.about_mb + _MOST_MB) * 1_000_000
        if size_bytes > most:
            _forget(partial)
            raise self._origin.error(ModelChecksumError, f"{file.path}: over {most} bytes", file=file.path)

    def _status_error(self, response: "httpx.Response", file: RemoteFile) -> ProviderError:
        return status_error(self._origin, response.status_code, file.path, response.headers)

    def _bytes_of(self, file: RemoteFile) -> int:
        target = self._part / file.save_as
        found = next((one for one in (target, target.with_name(f"{target.name}.part")) if one.exists()), None)
        return found.stat().st_size if found else 0

    def _progress(self) -> Fetched:
        done = sum(self._bytes_of(file) for file in self._model.files)
        known = sum(max(size, 0) for size in self._sizes.values())
        return Fetched(done_bytes=done, total_bytes=max(known, self._model.about_mb * 1_000_000, done))

    def _describe(self) -> None:
        """Write beside the model what the repository's files would say, so that the provider heeds it."""
        pooling = self._part / "1_Pooling" / "config.json"
        pooling.parent.mkdir(exist_ok=True)
        pooling.write_text(json.dumps({"pooling_mode_cls_token": self._model.pooling == "first_token"}))
        prompts = {"query": self._model.query_prompt, "document": self._model.document_prompt}
        about = self._part / "config_sentence_transformers.json"
        about.write_text(json.dumps({"prompts": prompts}, ensure_ascii=False), encoding="utf-8")


def discard(folder: Path, name: str) -> None:
    """Remove a model's folder, and what an unfinished download left. Raises DataFolderError."""
    for path in (folder / name, folder / f".{name}.part"):
        if path.parent == folder and path.is_dir():
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise _disk_error(error, path) from error


def _note_path(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _note(partial: Path, response: "httpx.Response") -> None:
    """Keep the version and the checksum the server tells; the hub tells them in the redirection to the file."""
    answers = [response, *response.history]
    linked = [answer.headers.get("x-linked-etag", "").strip('"') for answer in answers]
    sha256 = next((one for one in linked if _SHA256.fullmatch(one)), "")
    note = {"etag": response.headers.get("etag", ""), "sha256": sha256}
    _note_path(partial).write_text(json.dumps(note))


def _noted(partial: Path) -> dict[str, str]:
    try:
        note = json.loads(_note_path(partial).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _resume_headers(partial: Path) -> dict[str, str]:
    """Ask for the rest of what is there, if it is still the same version; of one without a version, for all of it."""
    etag = _noted(partial).get("etag", "")
    if not partial.exists() or not partial.stat().st_size or not etag or etag.startswith("W/"):
        return {}
    return {"Range": f"bytes={partial.stat().st_size}-", "If-Range": etag}


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _note_path(partial).unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_error(error: OSError, path: Path) -> DataFolderError | DiskFullError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(str(error), folder=str(path.parent))
    return DataFolderError(str(error), folder=str(path.parent), problem=error.strerror or str(error))
