"""Failures of exports."""

from collections.abc import Sequence

from kb_app.errors.base import KBAppError


class ExportError(KBAppError):
    """Something about an export was refused."""

    code = "export"


class ExportEmptyError(ExportError):
    """There is nothing to export."""

    code = "export_empty"


class ExportSplitError(ExportError):
    """The shares of a split are none."""

    code = "export_split"


class ExportFolderError(ExportError):
    """The folder to export to cannot be written, or holds something else."""

    code = "export_folder"


class ExportRefusedError(ExportError):
    """A trainer would silently drop some items; ``problems`` are their (id, question, kind)."""

    code = "export_refused"

    def __init__(self, problems: Sequence[tuple[str, str, str]], **params: str | int | float) -> None:
        """Keep the items for the one who has to correct them."""
        super().__init__(f"{len(problems)} problems", **params)
        self.problems = tuple(problems)
