"""The tree of a conversation: every message has a parent, a branch is the path from a first message to a last one."""

from collections.abc import Iterable


class MessageTree:
    """The messages of one conversation as ids. Messages whose parent is unknown are first messages."""

    def __init__(self, nodes: Iterable[tuple[str, str]]) -> None:
        """Hold ``nodes`` as (id, parent id), in the order of writing; a parent comes before its children."""
        self._parents: dict[str, str] = {}
        self._children: dict[str, list[str]] = {}
        for message_id, parent_id in nodes:
            parent = parent_id if parent_id in self._parents else ""
            self._parents[message_id] = parent
            self._children.setdefault(parent, []).append(message_id)

    def path(self, last_id: str) -> list[str]:
        """Return the branch that ends in ``last_id``; for an unknown one that of the newest message."""
        current = last_id if last_id in self._parents else next(reversed(self._parents), "")
        found: list[str] = []
        while current:
            found.append(current)
            current = self._parents[current]
        return found[::-1]

    def siblings(self, message_id: str) -> tuple[str, ...]:
        """Return the messages with the same parent, oldest first, itself among them."""
        return tuple(self._children[self._parents[message_id]])

    def newest_leaf(self, message_id: str) -> str:
        """Return the last message of the newest branch that goes on from ``message_id``."""
        while children := self._children.get(message_id):
            message_id = children[-1]
        return message_id

    def __contains__(self, message_id: str) -> bool:
        """Whether the message is in the tree."""
        return message_id in self._parents
