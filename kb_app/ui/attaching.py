"""Files attached to a question: taken from the box, shown beside the question, and said where one cannot be read."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import Message, NewTurn
from kb_app.services.answers.attachments import attached_names
from kb_app.services.documents.intake import Upload
from kb_app.services.wording import title_from
from kb_app.ui.components import flash_error
from kb_app.ui.markup import plain, short
from kb_app.ui.state import ATTACHED, CHAT
from kb_app.ui.text import describe, t

_NAME_CHARS = 60


def attach(app: App, question: str, base_ids: Sequence[str], model_id: str, files: Sequence[UploadedFile]) -> bool:
    """Keep files for the open conversation, which is begun if there is none; say why not, and return False, if so.

    They come with the next question, and may be asked about from then on.
    """
    uploads = [Upload(name=file.name, data=file.getvalue()) for file in files]
    names = attached_names(uploads)
    turn = NewTurn(
        conversation_id=CHAT.get() or None,
        question=question,
        title=title_from(question) or names[0],
        base_ids=tuple(base_ids),
        model_id=model_id,
    )
    try:
        conversation_id = app.attachments.add(turn, uploads)
    except KBAppError as error:
        flash_error(error)
        return False
    waiting = pending()
    CHAT.set(conversation_id)
    ATTACHED.set((conversation_id, tuple(dict.fromkeys((*waiting, *names)))))
    return True


def pending() -> tuple[str, ...]:
    """Return the names of the files that wait for a question of the open conversation."""
    conversation_id, names = ATTACHED.get()
    return names if conversation_id == CHAT.get() else ()


def pending_notice() -> None:
    """Name, above the box, the files that wait for a question."""
    if names := pending():
        st.caption(f":material/attach_file: {t('attach.pending', names=_listed(names))}")


def attached_line(message: Message) -> None:
    """Name the files that came with a question."""
    if message.attachments:
        st.caption(f":material/attach_file: {_listed(message.attachments)}")


def attachment_problems(message: Message) -> None:
    """Say of each attached file that takes no part in an answer why, in one sentence."""
    for problem in message.problems:
        if name := problem.params.get("attached"):
            said = describe(problem)
            reason = plain(f"{said.message} {said.hint}".strip())
            st.warning(
                t("attach.left_out", name=plain(short(str(name), _NAME_CHARS)), reason=reason),
                icon=":material/attach_file_off:",
            )


def _listed(names: Sequence[str]) -> str:
    return " · ".join(plain(short(name, _NAME_CHARS)) for name in names)
