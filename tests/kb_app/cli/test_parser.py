import pytest

from kb_app.cli.parser import build_parser, with_command


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--no-browser"],
        ["--data-dir", "kb", "--no-browser"],
        ["--data-dir=kb"],
        ["--data", "test"],
        ["--verbose", "--port", "8600", "--data-dir", "ask"],
    ],
)
def test_without_a_command_the_app_is_served(arguments: list[str]) -> None:
    assert with_command(arguments) == ["serve", *arguments]
    assert build_parser("en").parse_args(with_command(arguments)).host is None


@pytest.mark.parametrize(
    "arguments",
    [["kb", "list"], ["--data-dir", "kb", "ask", "notes", "?"], ["--verbose", "doctor"], ["--help"], ["no-command"]],
)
def test_a_command_stays_what_it_is(arguments: list[str]) -> None:
    assert with_command(arguments) == arguments
