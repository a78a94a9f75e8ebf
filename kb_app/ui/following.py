"""``/changes/ID``: a word that changes when a conversation does, so that a tab that shows it can follow another one.

An open tab asks every few seconds while it is in sight (``reader.js``), and draws its page anew only when the word is
another: a run of the page costs a hundred times what the answer does.
"""

from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.ui.runtime import get_app


def state_of(app: App, conversation_id: str) -> str:
    """Return the word: it tells the last message and the title apart, and neither of them. Raises NotFoundError."""
    conversation = app.history.conversation(conversation_id)
    return sha256(f"{conversation.leaf_id} {conversation.title}".encode()).hexdigest()[:16]


async def _changes(request: Request) -> Response:
    try:
        word = await run_in_threadpool(lambda: state_of(get_app(), request.path_params["conversation_id"]))
    except KBAppError as error:
        return PlainTextResponse(error.code, status_code=404)
    return PlainTextResponse(word, headers={"cache-control": "no-store"})


CHANGES_ROUTE = Route("/changes/{conversation_id}", _changes)
