"""The web application: Streamlit's pages behind our security headers, in one process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from kb_app.ui.following import CHANGES_ROUTE
from kb_app.ui.page_route import PAGE_ROUTE
from kb_app.ui.runtime import close_app, warm_up
from kb_app.ui.security import RequestGuard, SecurityHeaders


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Build the app while the server already answers; close it when the server stops."""
    warm_up()
    yield {}
    await run_in_threadpool(close_app)


app = st.App(
    Path(__file__).resolve().with_name("main.py"),
    lifespan=lifespan,
    routes=[PAGE_ROUTE, CHANGES_ROUTE],
    middleware=[Middleware(SecurityHeaders), Middleware(RequestGuard)],
)
