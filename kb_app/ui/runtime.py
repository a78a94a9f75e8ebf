"""The one ``App`` of this server process.

A module-level object behind a lock, not ``st.cache_resource``: any browser can clear that cache, which would
rebuild the app under running answers.
"""

import gc
import logging
import threading

from kb_app.app import App, build_app
from kb_app.errors import KBAppError
from kb_app.settings import load_settings

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_app: App | None = None


def get_app() -> App:
    """Return the app, built at the first call from the settings of this process.

    Raises:
        DataFolderBusyError: another process owns the data folder; a later call tries again.
        KBAppError: the settings or the data folder are unusable.
    """
    global _app
    if _app is None:
        with _lock:
            if _app is None:
                _app = build_app(load_settings(), owner=True)
                _app.resume_evaluation()
                _app.renew_indexes()
    return _app


def use_app(app: App | None) -> None:
    """Serve this ready-made app (a command or a test built it), or none."""
    global _app
    with _lock:
        _app = app


def warm_up() -> threading.Thread:
    """Build the app and ask the model servers in the background, so that the first page waits for neither."""
    thread = threading.Thread(target=_build, name="kb-warm-up", daemon=True)
    thread.start()
    return thread


def _build() -> None:
    try:
        get_app().models.cached()
        gc.collect()
        gc.freeze()  # what was imported and built by now stays: no later collection has to look through it
    except KBAppError as error:
        # The page calls get_app() again and shows the sentence; here it only belongs in the log.
        _logger.error("The app could not be started: %s", error)


def close_app() -> None:
    """Stop the workers and release the data folder."""
    global _app
    with _lock:
        app, _app = _app, None
    if app is not None:
        app.close()
