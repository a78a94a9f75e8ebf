"""What models cost and which one is asked: prices, sums, fallback, the model a base starts with."""

import pytest
from page_reading import Open, shown_text
from protocol_servers.hub_server import HubServer
from waiting import until

from kb_app.app import App
from kb_app.models import ModelCall, ModelInfo, Price
from kb_app.services.models.choices import ModelChoices
from kb_app.settings import CHOICES_FILE, load_settings
from kb_app.storage.bases import BaseRepository

MODELS = (
    ModelInfo(id="quote", provider="quote", kind="chat", state="ready"),
    ModelInfo(id="ollama/qwen3:8b", provider="ollama", kind="chat", state="ready"),
    ModelInfo(id="glm/glm-4.6", provider="glm", kind="chat", state="no_key"),
)


@pytest.fixture
def app(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """Serve an app whose models are known without asking any server."""
    monkeypatch.setattr(
        app.models, "cached", lambda kind=None: tuple(one for one in MODELS if kind in (None, one.kind))
    )
    return app


def test_use_is_summed_and_a_price_is_set_for_the_next_answers(app: App, open_page: Open) -> None:
    timed = {"purpose": "answer", "first_token_s": 0.5, "total_s": 2.5}
    app.model_use.add(
        ModelCall(model_id="glm/glm-4.6", prompt_tokens=1200, completion_tokens=80, cost=0.003, currency="CNY", **timed)
    )
    page = open_page("models")
    row = page.dataframe[0].value.iloc[0].to_dict()
    assert row == {
        "Model": "glm/glm-4.6",
        "Used for": "Answers",
        "Calls": 1,
        "Tokens sent": 1200,
        "Tokens answered": 80,
        "First word (s)": 0.5,
        "Tokens/s": 40.0,
        "Cost": "0.003 CNY",
    }
    page.button(key="set_price").click().run()
    page.selectbox(key="price_model").select("glm/glm-4.6")
    page.number_input(key="price_prompt").set_value(2.0)
    page.number_input(key="price_completion").set_value(8.0)
    page.button(key="dialog_submit").click().run()
    assert not page.exception
    assert app.model_choices.price("glm/glm-4.6") == Price(prompt=2.0, completion=8.0, currency="CNY")
    again = ModelChoices(load_settings(app.settings.data_dir), BaseRepository(app._database))
    assert again.price("glm/glm-4.6") == Price(prompt=2.0, completion=8.0, currency="CNY")
    app.model_choices.set_price("glm/glm-4.6", None)
    assert app.model_choices.price("glm/glm-4.6") is None
    assert "glm" not in (app.settings.data_dir / CHOICES_FILE).read_text()


def test_a_model_can_step_in_for_others(app: App, open_page: Open) -> None:
    page = open_page("models")
    assert "No language model was asked" in shown_text(page)
    page.selectbox(key="fallback_model").select("ollama/qwen3:8b").run()
    assert app.model_choices.fallback_for(()) == "ollama/qwen3:8b"


def test_the_chat_starts_with_the_base_s_model_and_offers_no_cloud_without_a_key(app: App, open_page: Open) -> None:
    base = app.library.create("Bees")
    page = open_page()
    picker = page.selectbox(key="scope_model_sidebar")
    assert picker.value == "quote"
    assert not any("glm" in option for option in picker.options)
    app.model_choices.set_base(base.id, model_id="ollama/qwen3:8b", fallback_model_id="quote")
    assert open_page().selectbox(key="scope_model_sidebar").value == "ollama/qwen3:8b"
    assert app.model_choices.fallback_for([base.id]) == "quote"
    app.library.create("Wasps")
    assert open_page().selectbox(key="scope_model_sidebar").value == "quote", "the two do not agree"


def test_the_models_of_a_base_are_set_in_its_settings(app: App, open_page: Open) -> None:
    base = app.library.create("Bees")
    page = open_page("knowledge_bases", kb=base.id)
    page.button(key="ask_base_settings").click().run()
    page.selectbox(key="base_model").select("ollama/qwen3:8b")
    page.selectbox(key="base_fallback").select("quote")
    page.button(key="dialog_submit").click().run()
    assert not page.exception
    saved = app.library.base(base.id)
    assert (saved.model_id, saved.fallback_model_id) == ("ollama/qwen3:8b", "quote")


def test_an_onnx_model_is_fetched_from_a_mirror_and_removed(app: App, open_page: Open) -> None:
    with HubServer({"onnx/model.onnx": b"weights", "tokenizer.json": b"{}", "config.json": b"{}"}).running() as hub:
        page = open_page("models")
        page.button(key="change_mirror").click().run()
        page.text_input(key="onnx_mirror_address").input("ftp://files")
        page.button(key="dialog_submit").click().run()
        assert "address" in shown_text(page)
        page.text_input(key="onnx_mirror_address").input(hub.url)
        page.button(key="dialog_submit").click().run()
        assert hub.url.removeprefix("http://") in shown_text(page).replace("\\", "").replace("\u200b", "")
        page.button(key="fetch_all-MiniLM-L6-v2").click().run()
        until(lambda: not app.onnx_store.is_running())
        page.run()
        assert not page.exception
    assert (app.settings.data_dir / "models/all-MiniLM-L6-v2/model.onnx").read_bytes() == b"weights"
    assert "all-MiniLM-L6-v2" not in [model.name for model in app.onnx_store.offered()]
    app.onnx_store.delete("all-MiniLM-L6-v2")
    until(lambda: not app.onnx_store.is_running())
    assert not (app.settings.data_dir / "models/all-MiniLM-L6-v2").exists()
