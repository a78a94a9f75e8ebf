"""Set up and start the app with nothing but Python: ``python3 launch.py [COMMAND ...]``.

Makes ``.venv`` beside this file from ``requirements.lock`` (again only when the lock file changes), then runs
the command inside it; without a command, the app. ``launch.py test [PYTEST ARGS]`` runs the tests.

Only the standard library, and no syntax newer than Python 3.6: an old Python has to get as far as the sentence
that says what to do. For the same reason the sentences are here and not in the message catalogue.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
UNFINISHED = VENV / "unfinished"
OLDEST, NEWEST = (3, 11), (3, 13)
UNPACKED = "0.9 GB"

MESSAGES = {
    "zh": {
        "preparing": "正在把所需的软件包安装到 {folder}（约 {size}，通常一到三分钟）……",
        "preparing_tests": "正在安装测试所需的软件包……",
        "elapsed": "……已用 {seconds} 秒",
        "installed": "安装完成，用时 {seconds} 秒。",
        "waiting": "另一个启动程序正在安装软件包，等它完成……",
        "stopped": "已停止。下次启动会完成安装。",
        "python_version": "需要 Python {oldest} 到 {newest}，而这里是 {version}；请安装 Python {newest} 后重试。",
        "no_venv": "这个 Python 没有 venv 模块；请先运行 sudo apt install python{version}-venv（Debian），再重试。",
        "network": "连不上软件源，软件包下载失败；请检查网络（或代理、镜像设置）后重试。",
        "disk_full": "磁盘空间不足：{folder} 需要约 {size} 空闲空间，腾出后重试。",
        "read_only": "没有写入 {folder} 的权限；请把程序放到自己可以写入的文件夹里再启动。",
        "hashes": "下载到的软件包与 requirements.lock 中的校验值不符，没有安装；请检查软件源或代理后重试。",
        "incomplete": "程序文件夹不完整，缺少 {file}；请重新下载。",
        "failed": "安装没有成功：{reason}",
    },
    "en": {
        "preparing": "Installing what the app needs into {folder} (about {size}, usually one to three minutes) ...",
        "preparing_tests": "Installing what the tests need ...",
        "elapsed": "... {seconds} s",
        "installed": "Installed in {seconds} s.",
        "waiting": "Another launch is installing packages; waiting for it ...",
        "stopped": "Stopped. The next start finishes the installation.",
        "python_version": "Python {oldest} to {newest} is needed, this is {version}; install Python {newest} first.",
        "no_venv": "This Python has no venv module; on Debian: sudo apt install python{version}-venv, then try again.",
        "network": "The package index cannot be reached; check the network (or proxy, mirror) and try again.",
        "disk_full": "The disk is full: {folder} needs about {size}; free some space and try again.",
        "read_only": "The folder {folder} cannot be written; put the program into a folder of your own.",
        "hashes": "A downloaded package does not match requirements.lock; check the package index and try again.",
        "incomplete": "The program's folder is incomplete, {file} is missing; download it again.",
        "failed": "Installing failed: {reason}",
    },
}

#: What pip and uv print, most telling first.
FAILURES = (
    ("disk_full", r"no space left on device|errno 28|os error 28|not enough space on the disk"),
    ("read_only", r"read-only file system|permission denied|errno 13\b|os error 13\b|os error 30\b|access is denied"),
    ("hashes", r"do not match the hashes|hash mismatch"),
    ("network", r"failed to establish a new connection|name resolution|name or service not known|dns error"),
    ("network", r"failed to fetch|error sending request|connection (refused|reset|error)|timed? ?out|proxyerror"),
    ("network", r"could not find a version|no matching distribution|network is unreachable|newconnectionerror"),
)


class LaunchError(Exception):
    """An expected failure: a key of MESSAGES and what fills it."""

    def __init__(self, key: str, **params: str) -> None:
        """Keep the key and its fields."""
        self.key, self.params = key, params


def language() -> str:
    """Return "zh" for a Chinese system or ``KB_LANGUAGE=zh``, else "en"."""
    wanted = next(filter(None, map(os.environ.get, ("KB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if not wanted and sys.platform == "win32":
        import ctypes

        # The low ten bits of a Windows language id are the language; 4 is Chinese.
        return "zh" if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 4 else "en"
    return "zh" if wanted.lower().startswith("zh") else "en"


def say(key: str, **params: str) -> None:
    """Tell the user on standard error, so that a command's output stays clean."""
    print(MESSAGES[language()][key].format(**params), file=sys.stderr, flush=True)


def content(path: Path) -> bytes:
    """Return what a file holds, nothing where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def venv_version() -> str:
    """Return the Python version of ``.venv``, or "" where it is absent, broken or of an unsuitable version."""
    config = content(VENV / "pyvenv.cfg").decode("utf-8", "replace")
    found = re.search(r"^version(?:_info)? *= *(\d+)\.(\d+)\.(\d+)", config, re.MULTILINE)
    if not found or not PYTHON.exists() or not OLDEST <= tuple(map(int, found.groups()))[:2] <= NEWEST:
        return ""
    return ".".join(found.groups())


def find_python() -> "list[str]":
    """Return the command of a suitable Python: the running one, or another on PATH; empty if there is none."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return [sys.executable]
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        for command in (["python3." + str(minor)], ["py", "-3." + str(minor)]):
            path = shutil.which(command[0])
            probe = [path or "", *command[1:], "-c", "import ensurepip, venv"]
            # A version manager's stand-in for a Python that is not active is on PATH, and fails when called.
            if path and subprocess.call(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
                return [path, *command[1:]]
    return []


def digest(lock: str, version: str) -> bytes:
    """Return what the stamp must hold for the environment to be what ``lock`` says."""
    wanted = content(ROOT / lock)
    if not wanted:
        raise LaunchError("incomplete", file=lock)
    return hashlib.sha256(wanted + version.encode()).hexdigest().encode()


def is_installed(lock: str) -> bool:
    """Return whether ``.venv`` holds what ``lock`` says. Writes nothing, so a read-only folder can still start."""
    version = venv_version()
    expected = digest(lock, version)
    return bool(version) and content(VENV / (lock + ".sha256")) == expected and not UNFINISHED.exists()


def installing_alone() -> BinaryIO:
    """Return this file with the system's lock on it, once no other process has it; closing it gives the lock back.

    The installer inherits the file: should this process be killed, the lock lives until the installer ends.
    """
    file = open(__file__, "rb")  # noqa: SIM115 - its user closes it
    if not try_lock(file.fileno()):
        say("waiting")
        while not try_lock(file.fileno()):
            time.sleep(0.3)
    return file


def try_lock(descriptor: int) -> bool:
    """Take the lock unless another process has it; return whether it did not."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # Locks are mandatory on Windows: a byte far behind the end keeps the file readable.
            os.lseek(descriptor, 1 << 30, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def install(lock: str) -> None:
    """Make ``.venv`` hold what ``lock`` says, or raise LaunchError; what a killed or failed try left is made anew."""
    if is_installed(lock):
        return
    with installing_alone() as file:
        if is_installed(lock):  # by the launch that was waited for
            return
        started = time.time()
        say("preparing_tests" if "test" in lock else "preparing", folder=str(VENV), size=UNPACKED)
        try:
            uv = shutil.which("uv")
            make_venv(uv, file.fileno())
            UNFINISHED.touch()
            install_packages(uv, lock, file.fileno())
            (VENV / (lock + ".sha256")).write_bytes(digest(lock, venv_version()))
            UNFINISHED.unlink()
        except OSError as error:
            raise failure(str(error)) from None
        say("installed", seconds=str(round(time.time() - started)))


def install_packages(uv: "str | None", lock: str, descriptor: int) -> None:
    """Install ``lock`` into ``.venv`` with uv or pip."""
    if uv:
        command = [uv, "pip", "install", "--python", str(PYTHON)]
    else:
        # Byte-compiling everything takes longer than the rest, so it is left to the first import of each module.
        options = ["--no-compile", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "3"]
        command = [str(PYTHON), "-m", "pip", "install", *options]
        run_installer([str(PYTHON), "-m", "ensurepip"], descriptor)  # uv makes environments without pip
    try:
        run_installer([*command, "--require-hashes", "-r", str(ROOT / lock)], descriptor)
    except LaunchError as error:
        if error.key in ("network", "hashes"):  # nothing is installed before everything is downloaded
            UNFINISHED.unlink()
        raise


def make_venv(uv: "str | None", descriptor: int) -> None:
    """Create ``.venv`` unless a sound one is there."""
    if venv_version() and not UNFINISHED.exists():
        return
    if VENV.exists():
        shutil.rmtree(str(VENV))
    python = find_python()
    oldest, newest, version = (".".join(map(str, one)) for one in (OLDEST, NEWEST, sys.version_info[:3]))
    needed = {"oldest": oldest, "newest": newest, "version": version}
    if not python and not uv:
        raise LaunchError("python_version", **needed)
    VENV.mkdir()
    UNFINISHED.touch()
    if uv:
        # Without a Python of its own to name, uv looks for one in its own places too.
        target = python[0] if len(python) == 1 else ">={oldest},<={newest}.99".format(**needed)
        try:
            run_installer([uv, "venv", "--allow-existing", "--python", target, str(VENV)], descriptor)
        except LaunchError as error:
            raise error if python else LaunchError("python_version", **needed) from None
        return
    if subprocess.call([*python, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL) != 0:
        raise LaunchError("no_venv", version=".".join(map(str, sys.version_info[:2])))
    run_installer([*python, "-m", "venv", str(VENV)], descriptor)


def run_installer(command: "list[str]", descriptor: int) -> None:
    """Run ``command`` to its end or raise LaunchError; shows that time passes, and stops it when stopped itself."""
    inherited = () if sys.platform == "win32" else (descriptor,)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=inherited)
    started = time.time()
    while True:
        try:
            output, _ = child.communicate(timeout=15)
            break
        except subprocess.TimeoutExpired:
            say("elapsed", seconds=str(round(time.time() - started)))
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise
    if child.returncode != 0:
        raise failure(output[-20000:].decode("utf-8", "replace"))


def failure(output: str) -> LaunchError:
    """Return the sentence that fits what the installer (or the system) said."""
    for key, pattern in FAILURES:
        if re.search(pattern, output, re.IGNORECASE):
            return LaunchError(key, folder=str(ROOT), size=UNPACKED)
    return LaunchError("failed", reason=(output.strip() or "?").splitlines()[-1].strip())


def run(arguments: "list[str]") -> int:
    """Run ``arguments`` with the environment's Python and this checkout on its path; return the exit status."""
    path = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path))
    # Packages are installed uncompiled; whoever forbids bytecode would wait for the compiler at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(PYTHON), "-P", *arguments]  # -P: what lies in the current folder is not imported
    if sys.platform != "win32":
        os.execve(command[0], command, environment)  # so that signals go straight to the app
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the app too, which stops by itself
    return subprocess.call(command, env=environment)


def main(arguments: "list[str]") -> int:
    """Install what is missing, then run; return the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        install("requirements.lock")
        if arguments[:1] == ["test"]:
            install("requirements-test.lock")
            os.chdir(str(ROOT))
            # The whole suite, or a part by its marks, takes every core; what was picked by hand is easier to follow.
            cores = ["-n", "auto", "--dist", "worksteal"] if arguments[1:2] in ([], ["-m"]) else []
            return run(["-m", "pytest", *cores, *arguments[1:]])
        return run(["-m", "kb_app", *arguments])
    except LaunchError as error:
        say(error.key, **error.params)
    except KeyboardInterrupt:
        say("stopped")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
