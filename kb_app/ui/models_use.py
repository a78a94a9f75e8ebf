"""What the models were used for, their prices, and the model that steps in when another fails."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import ModelUse, Price
from kb_app.ui.components import flash, flash_error, form_dialog, open_dialog
from kb_app.ui.model_choice import chat_models, model_name, model_options
from kb_app.ui.state import set_widget, widget
from kb_app.ui.text import t

PRICE_DIALOG = "model_price"
_PERIODS = {"7": 7, "30": 30, "all": 0}
_FALLBACK, _PERIOD = "fallback_model", "use_period"
_MODEL, _PROMPT, _COMPLETION, _CURRENCY = "price_model", "price_prompt", "price_completion", "price_currency"
_CURRENCIES = ("CNY", "USD", "EUR")
_HIGHEST_PRICE = 1_000_000.0


def fallback_picker(app: App) -> None:
    """Draw the choice of the model that steps in."""
    models = chat_models(app)
    current = app.model_choices.fallback_model
    set_widget(_FALLBACK, current or None)
    st.selectbox(
        t("models_use.fallback"),
        options=model_options(app, current),
        index=None,
        format_func=lambda model_id: model_name(model_id, models.get(model_id)),
        key=_FALLBACK,
        placeholder=t("models_use.no_fallback"),
        help=t("models_use.fallback_help"),
        on_change=_set_fallback,
        args=(app,),
    )


def _set_fallback(app: App) -> None:
    try:
        app.model_choices.set_fallback_model(str(widget(_FALLBACK) or ""))
    except KBAppError as error:
        flash_error(error)


def use_section(app: App) -> None:
    """Draw the table of what was used, and the way to the prices."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="use_head"):
        st.subheader(t("models_use.title"), anchor=False)
        st.button(
            t("models_use.prices"),
            key="set_price",
            icon=":material/sell:",
            on_click=open_dialog,
            args=(PRICE_DIALOG,),
        )
    period = st.segmented_control(
        t("models_use.period"),
        options=list(_PERIODS),
        format_func=lambda name: t(f"models_use.period_{name}"),
        default="30",
        required=True,
        key=_PERIOD,
        label_visibility="collapsed",
    )
    used = app.model_use.use(_since(_PERIODS[str(period)]))
    if not used:
        st.caption(t("models_use.nothing"))
        return
    st.dataframe([_row(one) for one in used], hide_index=True, width="stretch")
    uncounted = sum(one.uncounted for one in used)
    if uncounted:
        st.caption(t("models_use.uncounted", count=uncounted))


def _since(days: int) -> str:
    """Return when the period began, as the database writes times; empty for ever."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds") if days else ""


def _row(one: ModelUse) -> dict[str, Any]:
    return {
        t("models_use.model"): one.model_id,
        t("models_use.purpose"): t(f"models_use.purpose_{one.purpose}"),
        t("models_use.calls"): one.calls,
        t("models_use.prompt_tokens"): one.prompt_tokens,
        t("models_use.completion_tokens"): one.completion_tokens,
        t("models_use.first_token"): None if one.first_token_s is None else round(one.first_token_s, 2),
        t("models_use.speed"): None if one.tokens_per_s is None else round(one.tokens_per_s, 1),
        t("models_use.cost"): " + ".join(money(amount, currency) for amount, currency in one.costs) or "–",
    }


def money(amount: float, currency: str) -> str:
    """Return an amount as people read it; small ones keep two significant figures."""
    figures = f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.2g}" if amount >= 1e-4 else f"{amount:.6f}"
    return f"{figures} {currency}"


def price_dialog(app: App) -> None:
    """Show the form for the price of a model."""
    form_dialog(t("models_use.price_title"), t("common.save"), lambda: _price_fields(app), lambda: _save_price(app))


def _price_fields(app: App) -> None:
    options = _priceable(app)
    st.caption(t("models_use.price_text"))
    st.selectbox(
        t("models_use.model"),
        options=options,
        format_func=lambda model_id: _with_price(app, model_id),
        key=_MODEL,
        accept_new_options=True,
    )
    with st.container(horizontal=True):
        st.number_input(t("models_use.price_prompt"), 0.0, _HIGHEST_PRICE, 0.0, format="%.4f", key=_PROMPT)
        st.number_input(t("models_use.price_completion"), 0.0, _HIGHEST_PRICE, 0.0, format="%.4f", key=_COMPLETION)
        st.selectbox(t("models_use.currency"), options=_CURRENCIES, key=_CURRENCY)
    st.caption(t("models_use.price_remove"))


def _priceable(app: App) -> Sequence[str]:
    """Return the ids of the models that cost anything: not those of this machine."""
    used = (one.model_id for one in app.model_use.use())
    listed = (*chat_models(app), *used)
    return [one for one in dict.fromkeys(listed) if "/" in one]


def _with_price(app: App, model_id: str) -> str:
    price = app.model_choices.price(model_id)
    return f"{model_id} · {price.prompt:g} / {price.completion:g} {price.currency}" if price else model_id


def _save_price(app: App) -> None:
    model_id = str(widget(_MODEL) or "").strip()
    if not model_id:
        return
    prompt, completion = _number(_PROMPT), _number(_COMPLETION)
    price = Price(prompt=prompt, completion=completion, currency=str(widget(_CURRENCY) or _CURRENCIES[0]))
    app.model_choices.set_price(model_id, price if prompt or completion else None)
    flash(t("models_use.price_saved", model=model_id))


def _number(key: str) -> float:
    value = widget(key)
    return float(value) if isinstance(value, int | float) else 0.0
