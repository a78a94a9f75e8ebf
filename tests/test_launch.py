"""The launcher, run as a user runs it: in a copy of its folder with a small lock file and an own package index."""

import ast
import base64
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import stat
import string
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from waiting import until

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = ROOT / "launch.py"
SHOW_CALL = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd()]))\n"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and scripts")


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> str:
    """Write a wheel and return its line for a lock file."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for file, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{file},sha256={digest},{len(text)}\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(file, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A folder like the project's, with small packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        self.programs = folder / "programs"
        self.programs.mkdir()
        shutil.copy(LAUNCHER, folder)
        (folder / "kb_app").mkdir()
        (folder / "kb_app" / "__init__.py").touch()
        (folder / "kb_app" / "__main__.py").write_text(SHOW_CALL + "import small\nsys.exit(len(sys.argv) - 1)\n")
        small = make_wheel(self.wheels, "small", "1.0", {"small.py": ""})
        fake_pytest = make_wheel(self.wheels, "pytest", "1.0", {"pytest.py": SHOW_CALL})
        self.lock("requirements.lock", small)
        self.lock("requirements-test.lock", small + fake_pytest)

    def lock(self, name: str, lines: str) -> None:
        (self.folder / name).write_text(f"--no-index\n--find-links {self.wheels}\n{lines}")

    def program(self, name: str, text: str) -> None:
        """Put a Python program on the launcher's PATH."""
        path = self.programs / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def start(self, *arguments: str, python: str = sys.executable, **options: object) -> "subprocess.Popen[str]":
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("KB_", "PIP_", "UV_"))}
        environment |= {"PATH": str(self.programs), "KB_LANGUAGE": "en", **options.pop("env", {})}  # type: ignore[dict-item]
        return subprocess.Popen(
            [python, str(self.folder / "launch.py"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            **options,  # type: ignore[call-overload]
        )

    def run(self, *arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, **options)  # type: ignore[arg-type]
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "app")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout after its first start, which pip did; tests may only start it again."""
    checkout = Checkout(tmp_path_factory.mktemp("installed") / "app")
    first = checkout.run("first")
    assert first.returncode == 1, first.stderr  # the app's own status: the number of its arguments
    assert "Installing" in first.stderr
    assert "Installed in" in first.stderr
    return checkout


#: Stands for uv: makes an environment without pip, and "installs" by what FAKE_UV says.
FAKE_UV = """
import os, pathlib, subprocess, sys, time, venv
if sys.argv[1] == "venv":
    venv.create(sys.argv[-1])
    sys.exit()
site, = pathlib.Path(sys.argv[4]).parents[1].glob("lib/python*/site-packages")
(site / "half_installed.py").touch()
print(os.environ.get("FAKE_UV_SAYS", ""), flush=True)
if os.environ.get("FAKE_UV_SLEEPS"):
    pathlib.Path(os.environ["FAKE_UV_SLEEPS"]).write_text(str(os.getpid()))
    time.sleep(600)
if os.environ.get("FAKE_UV_SAYS"):
    sys.exit(2)
(site / "small.py").touch()
"""


def assert_one_sentence(result: "subprocess.CompletedProcess[str]") -> str:
    """Check that a start failed with one line after the announcement, and return that line."""
    assert result.returncode == 1
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if not re.match(r"Installing what|\.\.\.|正在|……", line)]
    assert len(lines) == 1, result.stderr
    return lines[0]


def wait_for(path: Path) -> str:
    until(lambda: path.exists() and path.read_text())
    return path.read_text()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").exists() else True


# --- the ordinary way -------------------------------------------------------------------------------


@pytest.mark.slow
def test_second_start_installs_nothing_and_keeps_the_working_directory(installed: Checkout, tmp_path: Path) -> None:
    result = installed.run("ingest", "笔记", "--json", cwd=tmp_path)
    assert result.stderr == "", "installing would be announced"
    assert result.returncode == 3
    assert result.stdout == f'[["ingest", "\\u7b14\\u8bb0", "--json"], "{tmp_path}"]\n'


@pytest.mark.slow
def test_without_a_command_the_app_gets_none(installed: Checkout) -> None:
    result = installed.run()
    assert result.stdout.startswith("[[], ")
    assert result.returncode == 0


@pytest.mark.slow
def test_the_working_directory_cannot_replace_modules(installed: Checkout, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    assert installed.run(cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_test_installs_what_tests_need_and_runs_them_in_the_checkout(installed: Checkout, tmp_path: Path) -> None:
    result = installed.run("test", "-k", "name", cwd=tmp_path)
    assert result.stdout == f'[["-k", "name"], "{installed.folder}"]\n'
    assert "tests need" in result.stderr
    assert installed.run("test").stderr == ""
    marked, _ = json.loads(installed.run("test", "-m", "not slow").stdout)
    assert marked == ["-n", "auto", "--dist", "worksteal", "-m", "not slow"]
    assert installed.run().stderr == ""


@pytest.mark.slow
@posix_only
def test_a_changed_lock_file_is_installed_again(checkout: Checkout) -> None:
    checkout.program("uv", FAKE_UV)
    assert "Installed in" in checkout.run().stderr
    assert checkout.run().stderr == ""
    with (checkout.folder / "requirements.lock").open("a") as lock:
        lock.write("# a newer version\n")
    assert "Installed in" in checkout.run().stderr


@pytest.mark.slow
@posix_only
def test_an_environment_made_by_uv_is_kept_when_uv_is_gone(checkout: Checkout) -> None:
    checkout.program("uv", FAKE_UV)
    assert checkout.run().returncode == 0
    (checkout.folder / ".venv" / "kept").touch()
    (checkout.programs / "uv").unlink()
    (checkout.folder / ".venv" / "requirements.lock.sha256").unlink()
    assert checkout.run().returncode == 0
    assert (checkout.folder / ".venv" / "kept").exists()


@pytest.mark.slow
@posix_only
def test_of_two_starts_at_once_one_installs_and_the_other_waits(checkout: Checkout) -> None:
    checkout.program("uv", FAKE_UV)
    both = [checkout.start(), checkout.start()]
    results = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert sum("Installed in" in err for _, err in results) == 1


# --- interrupted ------------------------------------------------------------------------------------


@pytest.mark.slow
@posix_only
def test_an_installation_killed_half_way_is_made_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.program("uv", FAKE_UV)
    launcher = checkout.start(env={"FAKE_UV_SLEEPS": str(tmp_path / "pid")})
    installer = int(wait_for(tmp_path / "pid"))
    launcher.kill()
    launcher.communicate()
    waiting = checkout.start()
    time.sleep(1)
    assert waiting.poll() is None, "it must not install beside the installer that was left over"
    os.kill(installer, signal.SIGKILL)
    _, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, err
    assert "waiting" in err
    assert checkout.run().stderr == ""


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_installer_too(checkout: Checkout, tmp_path: Path, number: signal.Signals) -> None:
    checkout.program("uv", FAKE_UV)
    launcher = checkout.start(env={"FAKE_UV_SLEEPS": str(tmp_path / "pid")})
    installer = int(wait_for(tmp_path / "pid"))
    launcher.send_signal(number)
    _, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 1
    assert "Stopped" in err
    assert "Traceback" not in err
    assert not is_alive(installer)
    assert checkout.run().returncode == 0


# --- what can be wrong ------------------------------------------------------------------------------

SAID = {
    "No space left on device (os error 28)": ("disk is full", "磁盘空间不足"),
    "error: failed to create file: Permission denied (os error 13)": ("cannot be written", "没有写入"),
    "Caused by: dns error: failed to lookup address information": ("cannot be reached", "连不上软件源"),
    "Hash mismatch for `small==1.0`": ("does not match", "校验值"),
    "something nobody thought of": ("something nobody thought of", "something nobody thought of"),
}


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("said", SAID)
def test_what_the_installer_says_becomes_one_sentence_in_either_language(checkout: Checkout, said: str) -> None:
    checkout.program("uv", FAKE_UV)
    english = checkout.run(env={"FAKE_UV_SAYS": said})
    chinese = checkout.run(env={"FAKE_UV_SAYS": said, "KB_LANGUAGE": "", "LC_ALL": "zh_CN.UTF-8"})
    assert SAID[said][0] in assert_one_sentence(english)
    assert SAID[said][1] in assert_one_sentence(chinese)
    assert checkout.run().returncode == 0, "the next start repairs it"


@pytest.mark.slow
def test_pip_without_a_network(checkout: Checkout) -> None:
    digest = "0" * 64
    (checkout.folder / "requirements.lock").write_text(f"small==1.0 --hash=sha256:{digest}\n")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
    assert "cannot be reached" in assert_one_sentence(checkout.run(env=nowhere))


@pytest.mark.slow
def test_pip_and_a_wheel_that_is_not_the_one_in_the_lock_file(checkout: Checkout) -> None:
    checkout.lock("requirements.lock", f"small==1.0 --hash=sha256:{'0' * 64}\n")
    assert "does not match" in assert_one_sentence(checkout.run())


def test_a_missing_lock_file(checkout: Checkout) -> None:
    (checkout.folder / "requirements.lock").unlink()
    assert "requirements.lock" in assert_one_sentence(checkout.run())


@posix_only
def test_a_read_only_folder() -> None:
    as_root = os.getuid() == 0
    python = shutil.which("python3", path="/usr/bin") if as_root else sys.executable
    if python is None:
        pytest.skip("no Python that another user may run")
    # Not tmp_path, whose parents only its owner may enter.
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder, "app"))
        Path(folder).chmod(0o755)
        checkout.folder.chmod(0o555)
        try:
            result = checkout.run(python=python, **({"user": 65534} if as_root else {}))
        finally:
            checkout.folder.chmod(0o755)
    assert "cannot be written" in assert_one_sentence(result)


def old_pythons() -> list[str]:
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python3")]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/3.10.*/bin/python3")]
    return [path for path in found if path and subprocess.call([path, "--version"], stdout=-3, stderr=-3) == 0]


@pytest.mark.slow
def test_an_old_python_gets_as_far_as_the_sentence(checkout: Checkout) -> None:
    ast.parse(LAUNCHER.read_text(encoding="utf-8"), feature_version=(3, 6))
    pythons = old_pythons()
    if not pythons:
        pytest.skip("no older Python here to run it with")
    for python in pythons:
        sentence = assert_one_sentence(checkout.run(python=python))
        assert re.search(r"Python 3\.11 to 3\.13 is needed, this is 3\.\d+\.\d+", sentence)


@pytest.mark.slow
@posix_only
def test_an_old_python_uses_a_suitable_one_on_the_path(checkout: Checkout) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("no older Python here to run it with")
    (checkout.programs / "python3.13").write_text("#!/bin/sh\necho 'not this version' >&2\nexit 127\n")
    (checkout.programs / "python3.13").chmod(0o755)
    (checkout.programs / "python3.11").symlink_to(sys.executable)
    result = checkout.run(python=pythons[0])
    assert result.returncode == 0, result.stderr


@pytest.fixture
def launcher(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The launcher as a module of the small checkout, with nothing on PATH."""
    spec = importlib.util.spec_from_file_location("small_launch", checkout.folder / "launch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("PATH", str(checkout.programs))
    monkeypatch.setenv("KB_LANGUAGE", "en")
    before = signal.getsignal(signal.SIGTERM)
    yield module
    signal.signal(signal.SIGTERM, before)


@posix_only
def test_a_python_without_venv(
    launcher: ModuleType, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.program("incomplete", "import sys; sys.exit('No module named ensurepip')")
    monkeypatch.setattr(sys, "executable", str(checkout.programs / "incomplete"))
    assert launcher.main(["serve"]) == 1
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"sudo apt install python{version}-venv" in capsys.readouterr().err.splitlines()[-1]


def test_both_languages_say_the_same(launcher: ModuleType) -> None:
    chinese, english = launcher.MESSAGES["zh"], launcher.MESSAGES["en"]
    assert chinese.keys() == english.keys()
    for key in chinese:
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text[key]) if name} for text in (chinese, english)
        ]
        assert fields[0] == fields[1], key


def test_every_sentence_is_used(launcher: ModuleType) -> None:
    source = LAUNCHER.read_text(encoding="utf-8")
    after_the_table = source.split("\n}\n", 1)[1]
    assert [key for key in launcher.MESSAGES["en"] if f'"{key}"' not in after_the_table] == []
