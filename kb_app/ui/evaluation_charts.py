"""Charts of measures with their intervals, drawn by Streamlit in the page, from the page's own data."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from kb_app.ui.text import t

_ROW_PX = 24
_AXIS_PX = 40
_LEAST_CHANGE = 0.05
_GOOD, _BAD, _SPAN = "#2f8f83", "#c2574a", "#e0a33e"


def metric_name(name: str) -> str:
    """Return a metric's name for people."""
    return t(f"evaluation.metric_{name.replace('@', '_at_')}")


def interval_chart(values: Mapping[str, tuple[float, float, float]], key: str, *, signed: bool = False) -> None:
    """Draw metric -> (mean, low, high) as bars with lines; ``signed`` values are differences around zero."""
    rows = [
        {"metric": metric_name(name), "mean": mean, "low": low, "high": high}
        for name, (mean, low, high) in values.items()
    ]
    name = {"field": "metric", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}}
    axis = {"format": "+.0%" if signed else ".0%", "tickCount": 5}
    mean: dict[str, Any] = {"field": "mean", "type": "quantitative", "title": None, "axis": axis}
    widest = max([_LEAST_CHANGE, *(abs(edge) for row in values.values() for edge in row)])
    mean["scale"] = {"domain": [-widest, widest] if signed else [0, 1]}
    colour = {"condition": {"test": "datum.mean < 0", "value": _BAD}, "value": _GOOD}
    bars = {
        "mark": {"type": "bar", "height": 11, "cornerRadius": 2},
        "encoding": {"y": name, "x": mean, "color": colour},
    }
    spans = {
        "mark": {"type": "rule", "strokeWidth": 2, "color": _SPAN},
        "encoding": {"y": name, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
    }
    spec = {"data": {"values": rows}, "layer": [bars, spans], "height": _ROW_PX * len(rows) + _AXIS_PX}
    st.vega_lite_chart(spec=spec, key=key)
