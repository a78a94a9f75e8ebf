"""The wheel works without the checkout, and the documents a user reads are true."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from kb_app.cli.parser import build_parser
from kb_app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READMES = ["README.md", "README.zh-CN.md"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with what is installed, so that no network is needed."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_everything_that_is_not_code_travels_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        path.relative_to(ROOT).as_posix()
        for folder in ("kb_app", "ingestion")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert needed - inside == set()
    for folder in ("pages", "examples"):
        files = {f"kb_app/_bundle/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / folder).glob("*.*")}
        assert files
        assert files - inside == set()
    assert {name.split("/")[0] for name in inside if ".dist-info" not in name} == {"kb_app", "ingestion"}


@pytest.mark.slow
def test_the_installed_wheel_runs_far_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    programs = environment / ("Scripts" if sys.platform == "win32" else "bin")
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--disable-pip-version-check", "-q", str(wheel)]
    subprocess.run([str(programs / "python"), *install], check=True)
    # The dependencies come from this environment; the app itself is not installed in it.
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("KB_", "PYTHON"))}
    clean |= {"KB_DATA_DIR": str(tmp_path / "data"), "KB_LANGUAGE": "en"}

    def run(*command: str) -> str:
        return subprocess.run(
            [str(programs / command[0]), *command[1:]],
            cwd=tmp_path,
            env=clean,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
        ).stdout

    assert run("kb-app", "kb", "list") == "There is no knowledge base yet.\n"
    code = (
        "from pathlib import Path\n"
        "import kb_app\n"
        "from kb_app.bundle import bundled\n"
        "from kb_app.ui import runtime\n"
        "from streamlit.testing.v1 import AppTest\n"
        "package = Path(kb_app.__file__).parent\n"
        "assert bundled('pages').is_relative_to(package), bundled('pages')\n"
        "assert len(list(bundled('examples').iterdir())) >= 4\n"
        "page = AppTest.from_file(package / 'ui' / 'main.py', default_timeout=60).run()\n"
        "assert not page.exception, page.exception\n"
        "print(len(page.main) > 0)\n"
        "runtime.close_app()\n"
    )
    assert run("python", "-c", code).splitlines()[-1] == "True"


@pytest.mark.parametrize("readme", READMES)
def test_the_defaults_in_the_readme_are_true(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `KB_[A-Z_]+` \| `([a-z_]+)` \| `([^`]+)` \|", text, re.MULTILINE)
    assert len(rows) >= 5
    assert {name: str(Settings.model_fields[name].default) for name, _ in rows} == dict(rows)


@pytest.mark.parametrize("readme", READMES)
def test_every_command_in_the_readme_exists(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    usage = build_parser("en").format_help()
    section = text.partition("python3 launch.py doctor")[2].partition("\n## ")[0]
    commands = {row.split()[0] for row in re.findall(r"^\| `([a-z][a-z ]+)", section, re.MULTILINE) if row.split()}
    assert {"serve", "kb", "ingest", "documents", "search", "ask", "models", "doctor"} <= commands
    assert [name for name in commands if not re.search(rf"^    {name}\b", usage, re.MULTILINE)] == []


@pytest.mark.parametrize("readme", READMES)
def test_links_in_the_readme_lead_somewhere(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_screenshots_are_shown_first() -> None:
    for readme in READMES:
        assert "docs/screenshots/" in "\n".join((ROOT / readme).read_text(encoding="utf-8").splitlines()[:6])
