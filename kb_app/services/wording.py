"""Text from outside as it may be kept: nothing that UTF-8 cannot hold, and a title that fits on a line."""

TITLE_LIMIT = 60


def well_formed(text: str) -> str:
    """Return ``text`` with surrogate pairs joined and lone surrogates replaced, so that UTF-8 can hold it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_well_formed(text: str) -> bool:
    """Whether UTF-8 can hold ``text``: it has no surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def title_from(question: str) -> str:
    """Return a one-line title made of the beginning of a question."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1] + "…"
