"""The real pages over a real app in a temporary data folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_reading import Open
from streamlit.testing.v1 import AppTest
from waiting import LONGEST_S

from kb_app.app import App, build_app
from kb_app.settings import load_settings
from kb_app.ui.runtime import use_app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    with build_app(load_settings(tmp_path / "data"), owner=True) as built:
        use_app(built)
        yield built
        use_app(None)


@pytest.fixture
def open_page(app: App, prepared_once: None) -> Open:
    """Return a function that opens a page as a browser would: ``open_page("chat", lang="zh", chat=ID)``."""

    def open_it(name: str = "chat", **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "kb_app/ui/main.py"), default_timeout=LONGEST_S)
        for parameter, value in {"lang": "en", **query}.items():
            page.query_params[parameter] = value
        if name != "chat":
            page.switch_page(str(ROOT / f"pages/{name}.py"))
        page.run()
        assert not page.exception
        return page

    return open_it
