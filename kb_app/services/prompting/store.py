"""The prompts: one readable file per kind and language in ``kb_app/prompts``, or a base's own in its place."""

import functools
import re
from collections.abc import Collection, Mapping
from importlib import resources
from typing import Literal, get_args

from sqlalchemy.exc import IntegrityError

from kb_app.errors import NotFoundError, PromptMissingPlaceholderError, PromptUnknownPlaceholderError
from kb_app.messages import Language
from kb_app.storage.prompts import PromptRepository

PromptKind = Literal["answer", "rewrite", "summary", "title"]
PROMPT_KINDS: tuple[PromptKind, ...] = get_args(PromptKind)

#: What is put into a prompt of each kind. All of them must be there.
PLACEHOLDERS: Mapping[PromptKind, tuple[str, ...]] = {
    "answer": ("passages",),
    "rewrite": ("history", "question"),
    "summary": ("document", "text"),
    "title": ("question", "answer"),
}

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_CLOSING_TAG = re.compile(r"</(\w+)>")


class Prompts:
    """What the models are told. Safe to share between threads."""

    def __init__(self, repository: PromptRepository) -> None:
        """Keep the prompts of bases in ``repository``."""
        self._repository = repository

    def get(self, kind: PromptKind, language: Language, base_id: str | Collection[str] = ()) -> str:
        """Return the prompt of a base, or the default one; fill it with :func:`fill`.

        Of several bases, their prompt counts where all of them have the same.
        """
        base_ids = {base_id} if isinstance(base_id, str) else set(base_id)
        own = self._repository.find(base_ids, kind, language) if base_ids else {}
        texts = set(own.values())
        return texts.pop() if len(own) == len(base_ids) and len(texts) == 1 else default_prompt(kind, language)

    def is_own(self, kind: PromptKind, language: Language, base_id: str) -> bool:
        """Return whether the base has a prompt of its own."""
        return base_id in self._repository.find([base_id], kind, language)

    def set(self, kind: PromptKind, language: Language, base_id: str, text: str) -> None:
        """Give a base a prompt of its own; the default text takes it away again.

        Raises:
            PromptMissingPlaceholderError, PromptUnknownPlaceholderError: what the app knows would not reach the model.
            NotFoundError: the base does not exist.
        """
        clean = text.replace("\r\n", "\n").strip()
        check_placeholders(kind, clean)
        if clean == default_prompt(kind, language):
            self.reset(kind, language, base_id)
            return
        try:
            self._repository.set(base_id, kind, language, clean)
        except IntegrityError as error:
            raise NotFoundError(f"base {base_id}", name=base_id) from error

    def reset(self, kind: PromptKind, language: Language, base_id: str) -> None:
        """Go back to the default prompt."""
        self._repository.remove(base_id, kind, language)


@functools.cache
def default_prompt(kind: PromptKind, language: Language) -> str:
    """Return the prompt that comes with the app."""
    return resources.files("kb_app.prompts").joinpath(f"{kind}.{language}.md").read_text(encoding="utf-8").strip()


def check_placeholders(kind: PromptKind, text: str) -> None:
    """Refuse a prompt whose placeholders are not those of its kind.

    Raises:
        PromptMissingPlaceholderError, PromptUnknownPlaceholderError: ``params["placeholder"]`` names the first one.
    """
    used = _PLACEHOLDER.findall(text)
    wanted = PLACEHOLDERS[kind]
    for name in wanted:
        if name not in used:
            raise PromptMissingPlaceholderError(name, placeholder=f"{{{name}}}")
    for name in used:
        if name not in wanted:
            raise PromptUnknownPlaceholderError(name, placeholder=f"{{{name}}}")


def fill(template: str, **values: str) -> str:
    """Return the prompt with ``values`` in the places of its placeholders, in one pass.

    A value is data: it can neither hold a placeholder nor close a tag that the template has opened.
    """
    tags = "|".join(sorted(set(_CLOSING_TAG.findall(template))))

    def fenced(value: str) -> str:
        return re.sub(rf"</(?=(?:{tags})\b)", "<\u200b/", value) if tags else value

    return _PLACEHOLDER.sub(lambda found: fenced(values[found[1]]) if found[1] in values else found[0], template)
