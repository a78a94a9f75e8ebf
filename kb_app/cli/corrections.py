"""``corrections ...``."""

from kb_app.cli.commands import Commands
from kb_app.cli.export import register_export


def register(commands: Commands) -> None:
    """Declare the commands."""
    group = commands.group("corrections")
    register_export(group)
