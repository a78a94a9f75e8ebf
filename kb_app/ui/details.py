"""How an answer came about, folded away: what was searched for, how sure the search was, model, tokens, times."""

import streamlit as st

from kb_app.models import Message
from kb_app.retrieval.confidence import threshold
from kb_app.ui.branches import Branches
from kb_app.ui.markup import label, plain
from kb_app.ui.model_choice import model_name
from kb_app.ui.reader import anchor
from kb_app.ui.text import describe, t

_HIGH_CONFIDENCE = 0.66


def details(message: Message, branches: Branches) -> None:
    """Draw one line about an answer, which unfolds."""
    summary = _summary(message)
    if summary:
        with st.expander(summary, key=f"details_{message.id}", type="compact", on_change="rerun") as panel:
            if panel.open:
                _panel(message, branches)


def _summary(message: Message) -> str:
    parts = [t("corrected.exact")] if message.reuse == "exact" else []
    if message.model_id and not parts:
        parts.append(label(model_name(message.model_id)))
    if message.elapsed_s is not None:
        parts.append(t("answer.seconds", seconds=f"{message.elapsed_s:.1f}"))
    if message.confidence is not None and message.status != "no_sources" and message.reuse != "exact":
        parts.append(t(f"answer.confidence_{_confidence_level(message.confidence)}"))
    return " · ".join(parts)


def _confidence_level(confidence: float) -> str:
    if confidence >= _HIGH_CONFIDENCE:
        return "high"
    return "medium" if confidence >= threshold() else "low"  # what the search alone would have declined is weak


def _panel(message: Message, branches: Branches) -> None:
    if message.query:
        _search_again(message, branches)
    if lines := [*_facts(message), *_unused(message)]:
        st.caption("  \n".join(lines))


def _unused(message: Message) -> list[str]:
    others = [source for source in message.sources if source.marker not in message.cited]
    if not others or not message.cited:
        return []
    place = anchor(message.id)
    return [t("details.unused"), *(f"[{one.marker}]({place}{one.marker}) {label(one.document, 60)}" for one in others)]


def _search_again(message: Message, branches: Branches) -> None:
    key = f"query_{message.id}"
    with st.form(f"search_again_{message.id}", border=False):
        st.text_input(t("details.query"), value=message.query, key=key, max_chars=1000, help=t("details.query_help"))
        st.form_submit_button(
            t("details.search_again"),
            key=f"requery_{message.id}",
            icon=":material/manage_search:",
            on_click=branches.search_again,
            args=(message, key),
        )


def _facts(message: Message) -> list[str]:
    facts = []
    if message.confidence is not None:
        facts.append(t("details.confidence", share=f"{message.confidence:.0%}"))
    facts += [
        t("details.problem", reason=plain(describe(one).message))
        for one in message.problems
        if "attached" not in one.params
    ]
    if message.fallback is not None:
        why = plain(describe(message.fallback.error).message)
        facts.append(t("details.fallback", model=plain(message.fallback.asked_model_id), reason=why))
    if message.usage is not None:
        usage = message.usage
        facts.append(t("details.tokens", prompt=usage.prompt_tokens, completion=usage.completion_tokens))
    if message.timing is not None and message.elapsed_s is not None:
        facts.append(_times(message, message.timing.first_token_s, message.timing.total_s))
    if message.cost is not None:
        facts.append(t("details.cost", amount=f"{message.cost.amount:.4g}", currency=plain(message.cost.currency)))
    return facts


def _times(message: Message, first_token_s: float | None, total_s: float) -> str:
    before = max(0.0, (message.elapsed_s or total_s) - total_s)
    text = t("details.times", search=f"{before:.2f}", model=f"{total_s:.2f}")
    if first_token_s is not None:
        text += " " + t("details.first", seconds=f"{first_token_s:.2f}")
    if message.tokens_per_s is not None:
        text += " " + t("details.rate", rate=f"{message.tokens_per_s:.0f}")
    return text
