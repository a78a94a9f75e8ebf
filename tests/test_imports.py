"""The layers of docs/architecture.md: imports go down only, and Streamlit stays in the pages and the shell."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PLAIN = (
    "kb_app.models",
    "kb_app.protocols",
    "kb_app.errors",
    "kb_app.settings",
    "kb_app.pacing",
    "kb_app.messages",
    "kb_app.bundle",
    "kb_app.prompts",
    "ingestion.models",
    "ingestion.protocols",
    "ingestion.errors",
)
LEVEL_1 = ("kb_app.retrieval", "kb_app.evaluation", "kb_app.providers", "kb_app.storage", "ingestion")
LEVEL_2 = ("kb_app.services",)
LEVEL_3 = ("kb_app.app",)

SHARED_SERVICES = ("kb_app.services.notices", "kb_app.services.wording")
#: Groups of services -> the other groups each may use.
SERVICE_GROUPS: dict[str, tuple[str, ...]] = {
    "models": (),
    "prompting": (),
    "documents": ("prompting",),
    "indexing": ("documents", "models", "prompting"),
    "corrections": ("prompting",),
    "answers": ("corrections", "documents", "models", "prompting"),
    "conversations": ("answers", "models", "prompting"),
    "evaluation": ("answers", "corrections", "models", "prompting"),
    "training": ("answers", "evaluation", "prompting"),
}

#: Module prefix -> what of ours it may import besides itself; the longest prefix that fits decides.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "launch": (),
    # Pages get the App from kb_app.ui and name its type.
    "pages": (*PLAIN, "kb_app.ui", "kb_app.app"),
    "kb_app.__main__": ("kb_app.cli",),
    "kb_app.ui": (*PLAIN, *LEVEL_1, *LEVEL_2, *LEVEL_3),
    "kb_app.cli": (*PLAIN, *LEVEL_1, *LEVEL_2, *LEVEL_3),
    "kb_app.cli.serve": (*PLAIN, *LEVEL_1, *LEVEL_2, *LEVEL_3, "kb_app.cli", "kb_app.ui"),
    "kb_app.app": (*PLAIN, *LEVEL_1, *LEVEL_2),
    "kb_app.services": (*PLAIN, *LEVEL_1),
    **{
        f"kb_app.services.{group}": (*PLAIN, *LEVEL_1, *SHARED_SERVICES, *(f"kb_app.services.{name}" for name in below))
        for group, below in SERVICE_GROUPS.items()
    },
    "kb_app.retrieval": (*PLAIN, "ingestion"),
    "kb_app.evaluation": (*PLAIN, "ingestion"),
    "kb_app.providers": (*PLAIN, "ingestion"),
    # The quote model is the retrieval's quoting behind the interface of a model.
    "kb_app.providers.quote": (*PLAIN, "ingestion", "kb_app.providers", "kb_app.retrieval"),
    "kb_app.storage": (*PLAIN, "ingestion"),
    "kb_app.settings": PLAIN,
    "kb_app": PLAIN,
    "ingestion": (),
}
MAY_USE_STREAMLIT = ("pages", "kb_app.ui")
STANDARD_LIBRARY_ONLY = ("launch",)


def modules() -> dict[str, Path]:
    files = [
        ROOT / "launch.py",
        *ROOT.glob("pages/**/*.py"),
        *ROOT.glob("kb_app/**/*.py"),
        *ROOT.glob("ingestion/**/*.py"),
    ]
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
        if "_bundle" not in file.parts
    }


MODULES = modules()


def imports(file: Path) -> Iterator[str]:
    """Yield the full name of everything a file imports, lazily or for types only as well."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else str(node.module)


IMPORTS = {module: list(imports(file)) for module, file in MODULES.items()}


def is_within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def rule_of(module: str) -> str:
    return max((prefix for prefix in MAY_IMPORT if is_within(module, prefix)), key=len)


def wrong_imports(module: str) -> list[str]:
    rule = rule_of(module)
    allowed = (*MAY_IMPORT[rule], rule)
    ours = [name for name in IMPORTS[module] if name.split(".")[0] in ("kb_app", "ingestion", "pages", "launch")]
    return [name for name in ours if name != "kb_app" and not any(is_within(name, prefix) for prefix in allowed)]


def test_imports_go_down_only() -> None:
    assert {module: wrong for module in MODULES if (wrong := wrong_imports(module))} == {}


def test_streamlit_stays_in_the_shell() -> None:
    users = {module for module, names in IMPORTS.items() if any(is_within(name, "streamlit") for name in names)}
    assert {module for module in users if not any(is_within(module, prefix) for prefix in MAY_USE_STREAMLIT)} == set()


def test_the_launcher_needs_nothing_installed() -> None:
    foreign = {name.split(".")[0] for name in IMPORTS["launch"]} - set(sys.stdlib_module_names)
    assert foreign == set()
