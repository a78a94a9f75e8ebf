"""The one shape of a conversation that every provider accepts, and reasoning told from answer."""

from collections.abc import Iterator, Sequence

from kb_app.models import ChatMessage, Thinking, Token

_OPEN, _CLOSE = "<think>", "</think>"


def canonical(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    """Return at most one system message, then user and assistant in turn, ending with the user.

    Blank messages are left out and neighbours of one role joined: several servers refuse the one or the
    other. An assistant's message before the first question or after the last one is left out as well.

    Raises:
        ValueError: nothing is asked.
    """
    system = [message.content for message in messages if message.role == "system" and message.content.strip()]
    turns: list[dict[str, str]] = []
    for message in messages:
        if message.role == "system" or not message.content.strip():
            continue
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += f"\n\n{message.content}"
        elif turns or message.role == "user":
            turns.append({"role": message.role, "content": message.content})
    if turns and turns[-1]["role"] == "assistant":
        turns.pop()
    if not turns:
        raise ValueError("a conversation needs a question")
    return ([{"role": "system", "content": "\n\n".join(system)}] if system else []) + turns


def least_tokens(messages: Sequence[dict[str, str]]) -> int:
    """Return a number of tokens that the prompt has at the very least, whatever the tokenizer.

    Tokenizers in use put two CJK characters, or five to six others, into a token at best on average.
    """
    wide, narrow = _widths(messages)
    return wide // 3 + narrow // 7


def most_tokens(messages: Sequence[dict[str, str]]) -> int:
    """Return a number of tokens that the prompt hardly exceeds: 1.5 a CJK character, one for two others."""
    wide, narrow = _widths(messages)
    return wide + wide // 2 + narrow // 2 + 8 * len(messages)


def _widths(messages: Sequence[dict[str, str]]) -> tuple[int, int]:
    text = "".join(message["content"] for message in messages)
    wide = sum(1 for character in text if character >= "\u2e80")
    return wide, len(text) - wide


class ThinkTags:
    """Takes ``<think>…</think>`` out of the beginning of an answer that arrives in pieces.

    Servers without a field of its own for reasoning send it so; the closing tag may come in any later
    piece, or never. Tags further on belong to the answer (a document may well be about them).
    """

    def __init__(self) -> None:
        """Start before the first piece."""
        self._held = ""
        self._state = "start"

    def feed(self, text: str) -> Iterator[Thinking | Token]:
        """Yield what ``text`` settles; what may still be part of a tag is held back."""
        if self._state == "answer":
            yield Token(text=text)
            return
        self._held += text
        if self._state == "start":
            begun = self._held.lstrip()
            if begun.startswith(_OPEN):
                self._state, self._held = "thinking", begun.removeprefix(_OPEN)
            elif not _OPEN.startswith(begun):
                yield from self._answer()
                return
        if self._state == "thinking":
            yield from self._think()
        elif self._state == "after":
            self._held = self._held.lstrip()
            if self._held:
                yield from self._answer()

    def flush(self) -> Iterator[Thinking | Token]:
        """Yield what is still held back when the stream is over."""
        if self._held and self._state == "thinking":
            yield Thinking(text=self._held)
        elif self._held.strip():
            yield Token(text=self._held)
        self._held = ""

    def _answer(self) -> Iterator[Token]:
        self._state = "answer"
        held, self._held = self._held, ""
        yield Token(text=held)

    def _think(self) -> Iterator[Thinking | Token]:
        thought, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self._state, self._held = "after", rest.lstrip()
            if thought.strip():
                yield Thinking(text=thought)
            if self._held:
                yield from self._answer()
            return
        keep = next((n for n in range(len(_CLOSE) - 1, 0, -1) if thought.endswith(_CLOSE[:n])), 0)
        self._held = thought[len(thought) - keep :]
        if thought[: len(thought) - keep]:
            yield Thinking(text=thought[: len(thought) - keep])
