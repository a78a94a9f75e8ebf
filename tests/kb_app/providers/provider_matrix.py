"""The matrix provider x behaviour in docs/providers.md, made from the outcome of a test run."""

from pathlib import Path

BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"

PROVIDERS = ("ollama", "glm", "spark", "ernie", "openai", "azure", "deepseek", "qwen", "compatible")

ROWS = {
    "chat": "chat, streamed, with usage and one end",
    "split": "chunks cut anywhere, also inside a character",
    "carriage_returns": "`\\r\\n` line ends",
    "comments": "keep-alive comments",
    "no_space": "`data:` without a space",
    "usage_chunks": "frames without choices, with or without usage",
    "separators": "U+2028, U+2029, U+0085 in the text",
    "long": "a very long answer",
    "thinking": "thinking told from the answer",
    "think_tags": "`<think>` tags in the text",
    "length": "cut by the length limit",
    "slow_start": "slow start",
    "stop": "stop closes the connection",
    "stop_waiting": "stop while the server is silent",
    "list": "models listed with their state",
    "embed": "embeddings: order, batches, dimension, length 1",
    "embed_retry": "embeddings: busy server tried again",
    "wrong_key": "wrong key",
    "no_quota": "no quota",
    "rate_limit": "rate limit",
    "filter": "content filter",
    "too_long": "context too long",
    "no_model": "model missing",
    "bad_request": "malformed request",
    "server": "server fails",
    "server_down": "server down",
    "timeout": "no answer in time",
    "kept_alive": "comments only, for ever",
    "error_in_stream": "error inside a 200 stream",
    "drop": "dropped in mid-answer",
    "no_end": "clean close without an end",
    "empty_body": "empty stream",
    "broken_json": "broken JSON",
    "web_page": "a web page instead of a stream",
}

#: Cells that cannot be: the reason, shown as a footnote.
REASONS = {
    ("ollama", "carriage_returns"): "JSON lines, not server-sent events",
    ("ollama", "comments"): "JSON lines have no comments",
    ("ollama", "no_space"): "JSON lines, not server-sent events",
    ("ollama", "usage_chunks"): "JSON lines, not server-sent events",
    ("ollama", "kept_alive"): "JSON lines have no comments",
    ("ollama", "no_quota"): "no accounts",
    ("ollama", "filter"): "no filter",
    ("spark", "embed"): "a signed interface of its own, one text a call: choose another embedder",
    ("spark", "embed_retry"): "a signed interface of its own, one text a call: choose another embedder",
    ("deepseek", "embed"): "offers no embeddings",
    ("deepseek", "embed_retry"): "offers no embeddings",
}

_outcomes: dict[tuple[str, str], bool] = {}


def record(cell: tuple[str, str], passed: bool) -> None:
    """Note an outcome; a cell filled by several tests passes when all do."""
    _outcomes[cell] = _outcomes.get(cell, True) and passed


def table() -> str:
    """Return the matrix of this run as Markdown."""
    notes: list[str] = []
    lines = ["| | " + " | ".join(PROVIDERS) + " |", "| --- |" + " :-: |" * len(PROVIDERS)]
    for row, title in ROWS.items():
        cells = [_cell((provider, row), notes) for provider in PROVIDERS]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    footnotes = [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([*lines, "", *footnotes])


def _cell(cell: tuple[str, str], notes: list[str]) -> str:
    if cell in REASONS:
        if REASONS[cell] not in notes:
            notes.append(REASONS[cell])
        return f"({notes.index(REASONS[cell]) + 1})"
    return {True: "pass", False: "**FAIL**", None: "not run"}[_outcomes.get(cell)]


def write(target: Path) -> None:
    """Replace the matrix between its two markers in ``target``."""
    text = target.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    target.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", encoding="utf-8")
