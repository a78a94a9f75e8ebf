"""Passwords of protected files, kept in memory only: never in the database, in a log or in the job table."""

from collections.abc import Collection

from kb_app.errors import PasswordHandoverError


class Passwords:
    """Digest of a file -> its password, until the process ends. Safe to share between threads.

    A file that is read again in the same process (another base, a re-index) needs no second answer.
    """

    def __init__(self, *, is_owner: bool) -> None:
        """Hold nothing; only the process that does the jobs (``is_owner``) can use a password."""
        self._is_owner = is_owner
        self._held: dict[str, str] = {}

    def __repr__(self) -> str:
        """Name no password."""
        return f"Passwords({len(self._held)})"

    def require_owner(self) -> None:
        """Refuse early. Raises PasswordHandoverError where another process does the jobs."""
        if not self._is_owner:
            raise PasswordHandoverError()

    def hold(self, sha256: str, password: str) -> None:
        """Keep the password of a file. Raises PasswordHandoverError where another process does the jobs."""
        self.require_owner()
        self._held[sha256] = password

    def of(self, sha256: str) -> str | None:
        """Return the password of a file, if one was given."""
        return self._held.get(sha256)

    def forget(self, digests: Collection[str]) -> None:
        """Drop the passwords of files that are gone."""
        for digest in digests:
            self._held.pop(digest, None)
