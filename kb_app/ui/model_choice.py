"""Which chat models can be picked, and which one is picked at first."""

from collections.abc import Sequence

from kb_app.app import App
from kb_app.models import ModelInfo
from kb_app.ui.state import MODEL
from kb_app.ui.text import t

QUOTE_MODEL = "quote"


def picked_model(app: App, base_ids: Sequence[str]) -> str:
    """Return the model to ask: what was picked, else the one the bases start with, else the quote model."""
    return MODEL.get() or app.model_choices.model_for(base_ids) or QUOTE_MODEL


def chat_models(app: App) -> dict[str, ModelInfo]:
    """Return the chat models by id, without those of clouds that have no key: the Models page lists them."""
    return {info.id: info for info in app.models.cached("chat") if info.state != "no_key"}


def model_options(app: App, picked: str) -> list[str]:
    """Return the ids to offer; ``picked``, unless it is empty, is among them whatever became of it."""
    models = chat_models(app)
    return list(models) if not picked or picked in models else [picked, *models]


def model_name(model_id: str, model: ModelInfo | None = None) -> str:
    """Return a model's name for people, with its state unless it is ready."""
    name = t("scope.quote") if model_id == QUOTE_MODEL else model_id
    if model is None or model.state == "ready":
        return name
    return f"{name} · {t(f'scope.state_{model.state}')}"
