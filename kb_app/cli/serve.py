"""``serve``: the web app in this process, until Ctrl-C.

Everything that can be wrong with the port and the data folder is checked before Streamlit starts, so that it
becomes one sentence. Streamlit's options come from ``kb_app/ui/streamlit.toml`` and the settings, at every working
directory and from the wheel alike.
"""

import _thread
import argparse
import errno
import http.client
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
import tomllib
import webbrowser
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kb_app.cli.commands import Commands, at_least_one
from kb_app.cli.console import Console
from kb_app.cli.errors import (
    AccountsNeededError,
    AlreadyRunningError,
    PortBusyError,
    PortForbiddenError,
    ServerStartError,
)
from kb_app.cli.session import settings_of
from kb_app.errors import DataFolderBusyError, KBAppError, error_info
from kb_app.messages import notice_text
from kb_app.models import ErrorInfo

if TYPE_CHECKING:
    from kb_app.settings import Settings

_LOG = logging.getLogger(__name__)
_ANSWER_WITHIN_S = 60.0
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def register(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add("serve", _serve).option("--host", help_key="host", metavar="HOST")
    command.option("--port", help_key="port", type=at_least_one, metavar="PORT")
    command.option("--lan", help_key="lan", action="store_true")
    command.option("--no-browser", help_key="no_browser", action="store_true")


def _serve(args: argparse.Namespace, console: Console) -> int:
    if args.lan:
        raise AccountsNeededError()
    settings = settings_of(args, console, host=args.host, port=args.port)
    check_data_folder(settings)
    check_port(settings.host, settings.port)
    if not is_loopback(settings.host):
        console.note("cli.serve.open_host", host=settings.host)
    # The pages build the app in the background, from the settings, while the browser loads: it takes seconds.
    os.environ["KB_DATA_DIR"] = str(settings.data_dir)
    watcher = Watcher(settings, console, open_browser=not args.no_browser)
    watcher.start()
    try:
        _run_streamlit(settings)
    except KeyboardInterrupt:
        if not watcher.failed:
            console.note("cli.serve.stopped")
    return int(watcher.failed)


def check_data_folder(settings: "Settings") -> None:
    """Find out whether the data folder can be written and is nobody else's now.

    Raises:
        DataFolderError, DiskFullError: it cannot be written.
        DataFolderBusyError: another process owns it.
        AlreadyRunningError: and that process is the app, at this very address.
    """
    from kb_app.storage.lock import DataFolderLock, prepare_data_dir

    prepare_data_dir(settings.data_dir)
    try:
        DataFolderLock(settings.data_dir).release()
    except DataFolderBusyError as error:
        if answers(settings.host, settings.port):
            raise AlreadyRunningError(str(error), url=url_of(settings)) from error
        raise


def _run_streamlit(settings: "Settings") -> None:
    import uvicorn.config

    import kb_app
    from kb_app.ui.asgi import app

    # Streamlit puts the folder of the program it was started by at the head of the import path. Ours must not be
    # the package's own folder, whose modules would then be importable under bare names.
    sys.argv = [str(Path(kb_app.__file__).parents[1] / "kb-app")]
    uvicorn.config.LOGGING_CONFIG["loggers"]["uvicorn"]["level"] = "WARNING"
    try:
        app.run(config=streamlit_options(settings))
    except SystemExit as error:
        if error.code:
            raise ServerStartError(f"exit status {error.code}") from error


def streamlit_options(settings: "Settings") -> dict[str, Any]:
    """Return every Streamlit option the app sets, as dotted name -> value."""
    text = resources.files("kb_app.ui").joinpath("streamlit.toml").read_text(encoding="utf-8")
    options = dict(_flatten("", tomllib.loads(text)))
    shown = _host_in_url(settings.host)
    return {
        **options,
        "server.address": settings.host,
        "server.port": settings.port,
        "server.maxUploadSize": settings.max_upload_mb,
        "server.allowedHosts": _allowed_hosts(settings.host),
        "browser.serverAddress": shown,
        "browser.serverPort": settings.port,
        "logger.hideWelcomeMessage": True,
    }


def _flatten(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value


def _allowed_hosts(host: str) -> list[str]:
    """Return the names a browser may call the server by, IPv6 addresses without brackets; an empty list allows any.

    On loopback this keeps a web page from reaching the app through a name of its own that resolves to 127.0.0.1.
    Which names lead to "all interfaces" cannot be known here.
    """
    return [] if _is_wildcard(host) else list(dict.fromkeys((host, *_LOCAL_NAMES)))


def is_loopback(host: str) -> bool:
    """Return whether ``host`` can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_wildcard(host: str) -> bool:
    return host in ("0.0.0.0", "::", "")


def _host_in_url(host: str) -> str:
    if _is_wildcard(host):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def url_of(settings: "Settings") -> str:
    """Return the address to open in a browser on this machine."""
    return f"http://{_host_in_url(settings.host)}:{settings.port}"


def check_port(host: str, port: int) -> None:
    """Find out whether the server will be able to listen.

    Raises:
        PortBusyError: something listens there; ``params["free_port"]`` is a port that is free now.
        PortForbiddenError: the address is not one of this machine, or the port is reserved.
    """
    try:
        with _listening_socket(host, port):
            pass
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            with _listening_socket(host, 0) as other:
                free_port = other.getsockname()[1]
            raise PortBusyError(str(error), port=port, free_port=free_port) from error
        raise PortForbiddenError(str(error), host=host, port=port, problem=error.strerror or str(error)) from error


def _listening_socket(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name != "nt":  # as the server does it: a port just left by its last owner is free
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener


def answers(host: str, port: int) -> bool:
    """Return whether a Streamlit server answers at the address."""
    connection = http.client.HTTPConnection("127.0.0.1" if _is_wildcard(host) else host, port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().read() == b"ok"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Watcher(threading.Thread):
    """Announces the server when it answers, and stops it when the app behind it cannot be built."""

    def __init__(self, settings: "Settings", console: Console, *, open_browser: bool) -> None:
        """Watch the server that is about to start."""
        super().__init__(name="serve-watcher", daemon=True)
        self.failed = False
        self._settings = settings
        self._console = console
        self._open_browser = open_browser

    def run(self) -> None:
        """Wait, announce, and wait for the app."""
        url = url_of(self._settings)
        give_up = monotonic() + _ANSWER_WITHIN_S
        while not answers(self._settings.host, self._settings.port):
            if monotonic() > give_up:
                self._console.note("cli.serve.slow", url=url)
                return
            sleep(0.05)
        self._console.line(self._console.text("cli.serve.ready", url=url))
        if self._open_browser and _has_screen():
            webbrowser.open(url)
        self._await_app()

    def _await_app(self) -> None:
        from kb_app.ui.runtime import get_app

        try:
            notices = get_app().notices.current()
        except KBAppError as error:
            self._give_up(error_info(error))
            return
        except Exception:  # noqa: BLE001 - the top of the thread: a server whose pages can only fail must not stay up
            _LOG.exception("the app could not be built")
            self._give_up(ErrorInfo(code="internal"))
            return
        for notice in notices:
            self._console.remark(notice_text(self._console.language, notice))

    def _give_up(self, error: ErrorInfo) -> None:
        self.failed = True
        self._console.failure(error)
        _thread.interrupt_main(signal.SIGINT)  # as Ctrl-C does: the server closes in order


def _has_screen() -> bool:
    # Without one, Python's webbrowser would start a text browser in this terminal.
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
