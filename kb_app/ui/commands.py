"""Slash commands of the question box: ``/new``, ``/model qwen``, ``/short What is ...?``."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb_app.app import App
from kb_app.messages import LANGUAGES
from kb_app.models import KnowledgeBase
from kb_app.ui.components import close_dialog, flash, open_dialog
from kb_app.ui.conversations import open_conversation
from kb_app.ui.markup import plain
from kb_app.ui.model_choice import chat_models, model_name
from kb_app.ui.state import ANSWER_LANGUAGE, DIALOG, MODEL, SCOPE, STYLE
from kb_app.ui.text import t
from kb_app.ui.wishes import STYLES

HELP_DIALOG = "command_help"
_HELP = (
    ("/new", "new"),
    ("/model", "model"),
    ("/base", "base"),
    ("/short", "style"),
    ("/en", "language"),
    ("/help", "help"),
)


def obey(app: App, bases: Sequence[KnowledgeBase], text: str) -> str | None:
    """Do what a command says; return the question left to ask (may be empty), or None where it was no command.

    A path such as ``/etc/hosts`` in a question is no command: a command is one word of letters.
    """
    word, _, rest = text.strip().partition(" ")
    name = word[1:].lower()
    if not word.startswith("/") or not name.isalpha() or not name.isascii():
        return None
    rest = rest.strip()
    if name in STYLES:
        STYLE.set(name)
        flash(t("command.changed", what=t(f"wishes.style_{name}")))
    elif name in (*LANGUAGES, "auto"):
        ANSWER_LANGUAGE.set(name)
        flash(t("command.changed", what=t(f"wishes.language_{name}")))
    elif name == "new":
        open_conversation(None)
    elif name == "help":
        open_dialog(HELP_DIALOG)
    elif name == "model":
        _pick_model({model_id: model_name(model_id) for model_id in ("quote", *chat_models(app))}, rest)
        return ""
    elif name == "base":
        _pick_base(bases, rest)
        return ""
    else:
        flash(t("command.unknown", name=word))
        return ""
    return rest


def _pick_model(names: Mapping[str, str], wanted: str) -> None:
    if found := _one(names, wanted):
        MODEL.set(found)


def _pick_base(bases: Sequence[KnowledgeBase], wanted: str) -> None:
    if wanted.lower() in ("all", "全部"):
        SCOPE.set(None)
    elif found := _one({base.id: base.name for base in bases}, wanted):
        SCOPE.set((found,))


def _one(names: Mapping[str, str], wanted: str) -> str:
    """Return the id of the only name with ``wanted`` in it, the one that is equal first; else say why there is none."""
    fold = wanted.casefold()
    found = [one for one, name in names.items() if fold == name.casefold()] or [
        one for one, name in names.items() if fold and fold in name.casefold()
    ]
    if len(found) == 1:
        flash(t("command.changed", what=names[found[0]]))
        return found[0]
    listed = ", ".join(names[one] for one in found[:5])
    flash(t("command.several", name=wanted, found=listed) if found else t("command.no_match", name=wanted))
    return ""


def help_dialog() -> None:
    """Show the commands and keys, when asked for."""
    if DIALOG.get() == HELP_DIALOG:
        st.dialog(t("command.title"), icon=":material/keyboard:", on_dismiss=close_dialog)(_help)()


def _help() -> None:
    st.markdown(t("command.intro"))
    st.markdown("\n".join(f"- `{plain(command)}` {t(f'command.{key}')}" for command, key in _HELP))
    st.markdown(t("command.keys"))
