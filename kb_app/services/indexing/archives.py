"""ZIP files: each member that can be read becomes a file of its own. No name inside ever becomes a path.

Bombs are refused before anything is unpacked: by the number of members, by what they claim to unpack to, and by how
much that is for their compressed size. Reading never gives more than a member claims. ZIPs inside are not opened.
"""

import logging
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingestion.errors import PasswordNeededError, PasswordWrongError
from ingestion.load import supported_extensions
from ingestion.load.encoding import decode
from kb_app.errors import ArchiveBombError, ArchiveDamagedError, ArchiveEmptyError
from kb_app.models import ErrorInfo
from kb_app.services.documents.intake import Intake, Repositories, Upload, clean_document_name, is_hidden
from kb_app.storage.jobs import ClaimedJob

_LOG = logging.getLogger(__name__)

MAX_MEMBERS = 10_000
MAX_BYTES = 4_000_000_000
MAX_RATIO = 100
_RATIO_MATTERS_FROM_BYTES = 50_000_000
_ENCRYPTED_FLAG, _UTF8_FLAG = 0x1, 0x800
_AES = 99  # as a kind of compression
#: What zipfile raises on members that are broken or packed in ways it does not know.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError, OSError),
    MemoryError,  # the dictionary that a member's header asks for
)

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file inside a ZIP; ``name`` is for showing, ``info`` finds it."""

    name: str
    info: zipfile.ZipInfo

    @property
    def is_encrypted(self) -> bool:
        """Whether it takes a password, and one helps: the standard library cannot undo AES."""
        return bool(self.info.flag_bits & _ENCRYPTED_FLAG) and self.info.compress_type != _AES

    @property
    def is_readable(self) -> bool:
        """Whether it is of a kind that can be read, and no shadow or hidden file of a system."""
        return PurePosixPath(self.name).suffix.lower() in supported_extensions() and not is_hidden(self.name)


def unlock(archive: zipfile.ZipFile, info: zipfile.ZipInfo, password: str) -> bool:
    """Set the password of a ZIP; return whether it opens this member. Old packers took it in the system's encoding."""
    for encoding in ("utf-8", "gb18030"):
        archive.setpassword(password.encode(encoding))
        try:
            with archive.open(info) as member:
                member.read(1)
        except _BROKEN:  # a wrong password is a RuntimeError, or looks like broken data
            continue
        return True
    return False


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP after checking what it claims to hold. Raises ArchiveDamagedError, ArchiveBombError."""
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise ArchiveDamagedError(str(error)) from error
    with archive:
        infos = archive.infolist()
        total = sum(info.file_size for info in infos)
        if len(infos) > MAX_MEMBERS:
            raise ArchiveBombError(f"{len(infos)} members", limit="count")
        if total > MAX_BYTES:
            raise ArchiveBombError(f"{total} bytes", limit="size")
        if total > _RATIO_MATTERS_FROM_BYTES and total > MAX_RATIO * path.stat().st_size:
            raise ArchiveBombError(f"{path.stat().st_size} to {total} bytes", limit="ratio")
        yield archive


def members(archive: zipfile.ZipFile) -> list[Member]:
    """Return the files of a ZIP, with their names as text: old packers write them in the system's encoding."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    legacy = b"\n".join(_raw_name(info) for info in files if not info.flag_bits & _UTF8_FLAG)
    encoding = decode(legacy).encoding if legacy else "utf-8"
    return [Member(name=clean_document_name(_name(info, encoding)), info=info) for info in files]


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("cp437", errors="replace")


def _name(info: zipfile.ZipInfo, encoding: str) -> str:
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    return _raw_name(info).decode(encoding, errors="replace")


class Expander:
    """Does jobs that unpack a ZIP. Used by the worker thread only."""

    def __init__(self, repositories: Repositories, intake: Intake) -> None:
        """Queue what is unpacked through ``intake``."""
        self._jobs = repositories.jobs
        self._originals = repositories.originals
        self._intake = intake

    def run(self, claimed: ClaimedJob, report: Report) -> None:
        """Queue every readable member in the batch of the ZIP itself, which then is not kept.

        Raises:
            ArchiveError: nothing in it was queued.
            PasswordNeededError, PasswordWrongError: some members are protected; the others were queued.
            Whatever ``report`` raises to stop; what was queued stays.
        """
        job, password = claimed.job, self._intake.passwords.of(claimed.sha256)
        with open_archive(self._originals.path(claimed.sha256)) as archive:
            everything = members(archive)
            readable = [member for member in everything if member.is_readable]
            if not readable:
                raise ArchiveEmptyError(f"{len(everything)} members")
            locked = [member for member in readable if member.is_encrypted]
            if locked and password is not None and unlock(archive, locked[0].info, password):
                locked = []
            for number, member in enumerate(readable):
                report("expand", number, len(readable))
                if member not in locked:
                    self._queue(claimed, archive, member)
        if locked:
            raise PasswordNeededError() if password is None else PasswordWrongError()
        left_out = len(everything) - len(readable)
        if left_out:
            error = ErrorInfo(code="archive_left_out", params={"count": left_out})
            self._jobs.finish(job.id, "skipped", error=error)
        else:
            self._jobs.remove(job.id)  # its members say all there is to say

    def _queue(self, claimed: ClaimedJob, archive: zipfile.ZipFile, member: Member) -> None:
        job = claimed.job
        name = f"{job.name}/{member.name}"
        error: ErrorInfo | None = None
        data = b""
        if member.info.compress_type == _AES:
            error = ErrorInfo(code="archive_member_encrypted")
        elif member.info.file_size > self._intake.limit_mb * 1_000_000:
            error = self._intake.too_large()
        else:
            try:
                data = archive.read(member.info)
            except _BROKEN as problem:
                _LOG.info("a member of a ZIP cannot be unpacked: %s", problem)
                error = ErrorInfo(code="archive_member_damaged")
        if error is not None:
            self._intake.refuse(job.base_id, name, error, job.batch_id)
        else:
            self._intake.add(job.base_id, Upload(name=name, data=data), job.batch_id)
