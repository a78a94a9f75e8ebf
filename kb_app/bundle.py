"""Where the files that are not modules lie: pages and examples.

In a checkout they stand beside the package; in a wheel they travel inside it, under ``_bundle``.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """Return the folder ``name`` (``pages`` or ``examples``) that belongs to this installation.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for parent in (_PACKAGE / "_bundle", _PACKAGE.parent):
        folder = parent / name
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation lacks its {name!r} folder")
