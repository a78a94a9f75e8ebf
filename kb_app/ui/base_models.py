"""The models of a knowledge base: the one its questions start with, and the one that steps in."""

import streamlit as st

from kb_app.app import App
from kb_app.models import KnowledgeBase
from kb_app.ui.model_choice import chat_models, model_name, model_options
from kb_app.ui.state import widget
from kb_app.ui.text import t

_MODEL, _FALLBACK = "base_model", "base_fallback"


def model_fields(app: App, base: KnowledgeBase) -> None:
    """Draw the fields, for a form."""
    _field(app, t("base_models.model"), base.model_id, t("base_models.none"), _MODEL)
    general = app.model_choices.fallback_model
    none = t("base_models.as_everywhere", model=general) if general else t("base_models.no_fallback")
    _field(app, t("base_models.fallback"), base.fallback_model_id, none, _FALLBACK)


def save_models(app: App, base: KnowledgeBase) -> None:
    """Keep what the fields hold. Raises NotFoundError."""
    model_id, fallback_id = str(widget(_MODEL) or ""), str(widget(_FALLBACK) or "")
    app.model_choices.set_base(base.id, model_id=model_id, fallback_model_id=fallback_id)


def _field(app: App, text: str, current: str, none: str, key: str) -> None:
    models = chat_models(app)
    options = model_options(app, current)
    st.selectbox(
        text,
        options=options,
        index=options.index(current) if current else None,
        format_func=lambda model_id: model_name(model_id, models.get(model_id)),
        key=key,
        placeholder=none,
        help=t(f"base_models.{key}_help"),
    )
