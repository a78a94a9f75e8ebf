"""What the app found or repaired by itself, to be told to the user."""

import logging
import threading

from kb_app.messages import notice_text
from kb_app.models import Notice

_LOG = logging.getLogger(__name__)


class Notices:
    """A list that any thread may add to; each notice is logged once, in English."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._notices: list[Notice] = []

    def add(self, notice: Notice) -> None:
        """Tell the user something."""
        with self._lock:
            self._notices.append(notice)
        _LOG.log(logging.INFO if notice.level == "info" else logging.WARNING, notice_text("en", notice))

    def current(self) -> list[Notice]:
        """Return everything told since the start, oldest first."""
        with self._lock:
            return list(self._notices)

    def clear(self) -> None:
        """Forget what has been read."""
        with self._lock:
            self._notices.clear()
