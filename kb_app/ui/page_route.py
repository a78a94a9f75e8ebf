"""``/page/ID/NUMBER.png``: a page of a PDF as a picture, drawn while the text beside it is read already."""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ingestion.errors import IngestionError
from kb_app.errors import KBAppError, NotFoundError
from kb_app.ui.runtime import get_app

_PAGE = re.compile(r"[0-9]{1,9}")
_SPAN = re.compile(r"(\d{1,9})-(\d{1,9})")
_MOST_SPANS, _LONGEST_SPAN = 20, 20_000
_HEADERS = {"cache-control": "private, max-age=3600"}


def page_address(document_id: str, page: int, spans: tuple[tuple[int, int], ...]) -> str:
    """Return the address of the picture with ``spans`` of the document's text marked."""
    marks = ".".join(f"{start}-{end}" for start, end in spans[:_MOST_SPANS])
    return f"/page/{document_id}/{page}.png?marks={marks}"


async def _page(request: Request) -> Response:
    spans = [(int(start), int(end)) for start, end in _SPAN.findall(request.query_params.get("marks", ""))]
    short = [span for span in spans if 0 <= span[1] - span[0] <= _LONGEST_SPAN]
    document_id, page = request.path_params["document_id"], request.path_params["page"]
    if not _PAGE.fullmatch(page):
        return PlainTextResponse(NotFoundError.code, status_code=404)
    try:
        drawn = await run_in_threadpool(_draw, document_id, int(page), short[:_MOST_SPANS])
    except (KBAppError, IngestionError) as error:
        return PlainTextResponse(error.code, status_code=404)
    return Response(drawn, media_type="image/png", headers=_HEADERS)


def _draw(document_id: str, page: int, spans: list[tuple[int, int]]) -> bytes:
    return get_app().page_images.image(document_id, page, spans)


PAGE_ROUTE = Route("/page/{document_id}/{page}.png", _page)
