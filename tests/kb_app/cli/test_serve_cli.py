"""``serve``, with the real server in a process of its own."""

import http.client
import http.server
import io
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from command_line import Command
from waiting import until

from kb_app.cli.console import Console
from kb_app.cli.serve import Watcher, is_loopback, streamlit_options
from kb_app.settings import load_settings
from kb_app.storage.lock import DataFolderLock, prepare_data_dir
from kb_app.ui.runtime import use_app

if TYPE_CHECKING:
    from kb_app.app import App

ROOT = Path(__file__).resolve().parents[3]

#: Loaded by every Python that has its folder on the path: writes down each host name that is looked up.
SPY = """
import os, socket
real = socket.getaddrinfo
def spy(host, *args, **options):
    with open(os.environ["LOOKED_UP"], "a") as log:
        log.write(f"{host}\\n")
    return real(host, *args, **options)
socket.getaddrinfo = spy
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def get(port: int, path: str) -> tuple[int, Message, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()


@contextmanager
def serving(data_dir: Path, port: int, spy_folder: Path) -> Iterator["subprocess.Popen[str]"]:
    (spy_folder / "sitecustomize.py").write_text(SPY)
    command = [sys.executable, "-P", "-m", "kb_app", "serve", "--no-browser", "--port", str(port)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(spy_folder)]),
        "KB_DATA_DIR": str(data_dir),
        "KB_LANGUAGE": "en",
        "LOOKED_UP": str(spy_folder / "looked-up"),
    }
    server = subprocess.Popen(
        command, cwd=spy_folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        announced = server.stdout.readline()
        assert announced == f"The knowledge base is ready: http://127.0.0.1:{port} (Ctrl-C stops it)\n", (
            server.communicate()
        )
        yield server
    finally:
        server.kill()
        server.communicate()


def wait_until_open(data_dir: Path) -> None:
    """Return when the server owns the data folder and has made its database."""

    def is_open() -> bool:
        if not (data_dir / "kb.sqlite3").exists():
            return False
        with closing(sqlite3.connect(data_dir / "kb.sqlite3")) as database:
            query = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            return database.execute(query).fetchone() is not None

    until(is_open)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_server_from_start_to_end(kb: Command, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "data", port, tmp_path) as server:
        status, headers, body = get(port, "/")
        assert status == 200
        assert "<title>" in body
        assert "default-src 'self'" in headers["Content-Security-Policy"]

        wait_until_open(tmp_path / "data")
        # A second start of the same app, and the command line beside it.
        again = kb("serve", "--port", str(port), "--no-browser")
        assert again.status == 1
        assert f"The app is running already: http://127.0.0.1:{port}" in again.err
        note = tmp_path / "note.txt"
        note.write_text("Handed over to the running app.")
        handed_over = kb("ingest", "notes", note, "--json")
        assert [record["status"] for record in handed_over.records] == ["ready"], handed_over
        assert kb("search", "notes", "handed over", "--json").records[0]["hits"][0]["document"] == "note.txt"

        elsewhere = kb("--data-dir", tmp_path / "other", "serve", "--port", str(port))
        assert elsewhere.status == 1
        assert re.fullmatch(rf"Port {port} is in use by another program\. .*--port \d+\.\n", elsewhere.err)

        with socket.create_connection(("127.0.0.1", port)):  # an open connection does not hold it up
            server.send_signal(signal.SIGTERM)
            out, err = server.communicate(timeout=60)
        assert (server.returncode, out) == (0, "")
        assert err.splitlines()[-1] == "Stopped."
        assert "Traceback" not in err
    looked_up = set((tmp_path / "looked-up").read_text().split()) if (tmp_path / "looked-up").exists() else set()
    assert looked_up <= {"127.0.0.1", "localhost", "None"}
    DataFolderLock(tmp_path / "data").release()


def test_lan_is_refused_until_there_are_accounts(kb: Command) -> None:
    result = kb("serve", "--lan", "--no-browser")
    assert (result.status, result.out) == (1, "")
    assert len(result.err.splitlines()) == 1
    assert "no accounts yet" in result.err


def test_a_busy_port_is_named_with_a_way_out(kb: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = kb("serve", "--port", str(port), "--no-browser")
    assert result.status == 1
    assert re.fullmatch(rf"Port {port} is in use by another program\. .*--port \d+\.\n", result.err)


def test_an_address_of_another_machine(kb: Command) -> None:
    result = kb("serve", "--host", "192.0.2.1", "--no-browser")
    assert result.status == 1
    assert "cannot listen on 192.0.2.1, port 8501" in result.err


def test_a_data_folder_somebody_else_uses(kb: Command, tmp_path: Path) -> None:
    prepare_data_dir(tmp_path / "data")
    lock = DataFolderLock(tmp_path / "data")
    try:
        result = kb("serve", "--port", str(free_port()), "--no-browser")
    finally:
        lock.release()
    assert result.status == 1
    assert result.err == (
        "Another program is using this data folder. Stop the one that is running, or give another folder with "
        "--data-dir.\n"
    )


def test_a_data_folder_that_cannot_be_made(kb: Command, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    result = kb("serve", "--no-browser")
    assert result.status == 1
    assert len(result.err.splitlines()) == 1
    assert "data folder cannot be created" in result.err


@pytest.mark.parametrize(
    ("host", "names", "shown"),
    [
        ("127.0.0.1", ["127.0.0.1", "localhost", "::1"], "127.0.0.1"),
        ("127.0.0.2", ["127.0.0.2", "localhost", "127.0.0.1", "::1"], "127.0.0.2"),
        ("192.168.1.5", ["192.168.1.5", "localhost", "127.0.0.1", "::1"], "192.168.1.5"),
        ("0.0.0.0", [], "127.0.0.1"),
    ],
)
def test_streamlit_is_told_everything_it_needs(tmp_path: Path, host: str, names: list[str], shown: str) -> None:
    options = streamlit_options(load_settings(tmp_path, host=host, port=9000, max_upload_mb=12))
    assert options["server.address"] == host
    assert options["server.port"] == 9000
    assert options["server.maxUploadSize"] == 12
    assert options["server.allowedHosts"] == names
    assert options["browser.serverAddress"] == shown
    expected = {
        "server.headless": True,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "type",
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,
    }
    assert {key: options[key] for key in expected} == expected
    assert any(key.startswith("theme.") for key in options)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("kb.lan", False),
    ],
)
def test_loopback(host: str, private: bool) -> None:
    assert is_loopback(host) is private


class Broken:
    """An app with a bug that shows when it is first used."""

    @property
    def notices(self) -> object:
        raise RuntimeError("a bug")


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_a_server_without_its_app_is_stopped_whatever_the_reason(tmp_path: Path) -> None:
    err = io.StringIO()
    use_app(cast("App", Broken()))
    try:
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            settings = load_settings(tmp_path, port=server.server_address[1])
            watcher = Watcher(settings, Console(language="en", out=io.StringIO(), err=err), open_browser=False)

            def wait_for_ctrl_c() -> None:
                watcher.start()
                for _ in range(6000):  # until it is interrupted, which a sleeping thread learns when it wakes
                    time.sleep(0.01)

            with pytest.raises(KeyboardInterrupt):
                wait_for_ctrl_c()
            watcher.join()
            server.shutdown()
    finally:
        use_app(None)
    assert watcher.failed
    assert "this is a bug" in err.getvalue()
