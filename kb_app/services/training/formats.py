"""What one training example looks like in each format, and the rules the trainers have for it.

The field names are those of LLaMA-Factory's and TRL's own converters and of OpenAI's fine-tuning interface.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kb_app.models import ChatMessage, Split

ExportFormat = Literal[
    "alpaca", "sharegpt", "openai", "dpo", "dpo-alpaca", "dpo-sharegpt", "dpo-openai", "kto", "kto-sharegpt", "csv"
]
#: Why an example cannot be exported as it is.
ProblemKind = Literal["empty_question", "empty_answer", "no_rejected", "same_answers", "odd_history", "no_passages"]
Need = Literal["answer", "pair", "label"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example before it takes a format. ``label`` is set for single rated answers, whose text is ``chosen``."""

    id: str
    question: str
    chosen: str
    rejected: str = ""
    system: str = ""
    history: tuple[ChatMessage, ...] = ()
    label: bool | None = None
    has_passages: bool = True
    group: str = ""
    split: Split = "train"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a format is written; ``info`` is its entry in LLaMA-Factory's ``dataset_info.json``, if it reads it."""

    row: Callable[[Example], dict[str, Any]]
    ending: Literal["json", "jsonl", "csv"]
    need: Need
    info: Mapping[str, Any] | None
    trainer: str


def problem_of(example: Example, need: Need, *, with_context: bool) -> ProblemKind | None:
    """Return why a trainer would drop, or misread, the example; None when it would not."""
    roles = [turn.role for turn in example.history]
    if not example.question.strip():
        return "empty_question"
    if not example.chosen.strip():
        return "empty_answer"
    if roles != ["user", "assistant"] * (len(roles) // 2) or not all(turn.content.strip() for turn in example.history):
        return "odd_history"
    if need == "pair" and not example.rejected.strip():
        return "no_rejected"
    if need == "pair" and example.chosen.strip() == example.rejected.strip():
        return "same_answers"
    if with_context and not example.has_passages:
        return "no_passages"
    return None


def _messages(example: Example) -> list[dict[str, str]]:
    turns = [{"role": turn.role, "content": turn.content} for turn in example.history]
    system = [{"role": "system", "content": example.system}] if example.system else []
    return [*system, *turns, {"role": "user", "content": example.question}]


def _answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _turns(example: Example) -> list[dict[str, str]]:
    names = {"user": "human", "assistant": "gpt"}
    return [{"from": names[turn.role], "value": turn.content} for turn in example.history] + [
        {"from": "human", "value": example.question}
    ]


def _alpaca_prompt(example: Example) -> dict[str, Any]:
    pairs = zip(example.history[::2], example.history[1::2], strict=True)
    return {
        "instruction": example.question,
        "input": "",
        "system": example.system,
        "history": [[asked.content, answered.content] for asked, answered in pairs],
    }


def _alpaca(example: Example) -> dict[str, Any]:
    return {**_alpaca_prompt(example), "output": example.chosen}


def _dpo_alpaca(example: Example) -> dict[str, Any]:
    return {**_alpaca_prompt(example), "chosen": example.chosen, "rejected": example.rejected}


def _sharegpt(example: Example) -> dict[str, Any]:
    return {"conversations": [*_turns(example), {"from": "gpt", "value": example.chosen}], "system": example.system}


def _dpo_sharegpt(example: Example) -> dict[str, Any]:
    return {
        "conversations": _turns(example),
        "chosen": {"from": "gpt", "value": example.chosen},
        "rejected": {"from": "gpt", "value": example.rejected},
        "system": example.system,
    }


def _kto_sharegpt(example: Example) -> dict[str, Any]:
    return {**_sharegpt(example), "label": bool(example.label)}


def _openai(example: Example) -> dict[str, Any]:
    return {"messages": [*_messages(example), *_answer(example.chosen)]}


def _dpo(example: Example) -> dict[str, Any]:
    return {
        "prompt": _messages(example),
        "chosen": _answer(example.chosen),
        "rejected": _answer(example.rejected),
    }


def _dpo_openai(example: Example) -> dict[str, Any]:
    return {
        "input": {"messages": _messages(example), "tools": [], "parallel_tool_calls": True},
        "preferred_output": _answer(example.chosen),
        "non_preferred_output": _answer(example.rejected),
    }


def _kto(example: Example) -> dict[str, Any]:
    return {"prompt": _messages(example), "completion": _answer(example.chosen), "label": bool(example.label)}


_FORMULA = re.compile(r"^[=+\-@\t\r]")


def _csv(example: Example) -> dict[str, Any]:
    """Return one row of cells; one that a spreadsheet would take for a formula begins with an apostrophe."""
    cells = {
        "id": example.id,
        "question": example.question,
        "answer": example.chosen,
        "rejected": example.rejected,
        "system": example.system,
        "group": example.group,
        **example.facts,
    }
    return {name: f"'{cell}" if _FORMULA.match(cell) else cell for name, cell in cells.items()}


_ALPACA_COLUMNS = {"prompt": "instruction", "query": "input", "system": "system", "history": "history"}
_OPENAI_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_PAIR_COLUMNS = {"chosen": "chosen", "rejected": "rejected"}
_TURN_COLUMNS = {"messages": "conversations", "system": "system"}

FORMATS: dict[ExportFormat, Format] = {
    "alpaca": Format(
        row=_alpaca,
        ending="json",
        need="answer",
        info={"columns": {**_ALPACA_COLUMNS, "response": "output"}},
        trainer="LLaMA-Factory (SFT)",
    ),
    "sharegpt": Format(
        row=_sharegpt,
        ending="json",
        need="answer",
        info={"formatting": "sharegpt", "columns": _TURN_COLUMNS},
        trainer="LLaMA-Factory (SFT)",
    ),
    "openai": Format(
        row=_openai,
        ending="jsonl",
        need="answer",
        info={"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": _OPENAI_TAGS},
        trainer="OpenAI, TRL, LLaMA-Factory (SFT)",
    ),
    "dpo": Format(row=_dpo, ending="jsonl", need="pair", info=None, trainer="TRL (DPO)"),
    "dpo-alpaca": Format(
        row=_dpo_alpaca,
        ending="json",
        need="pair",
        info={"ranking": True, "columns": {**_ALPACA_COLUMNS, **_PAIR_COLUMNS}},
        trainer="LLaMA-Factory (DPO)",
    ),
    "dpo-sharegpt": Format(
        row=_dpo_sharegpt,
        ending="json",
        need="pair",
        info={"formatting": "sharegpt", "ranking": True, "columns": {**_TURN_COLUMNS, **_PAIR_COLUMNS}},
        trainer="LLaMA-Factory (DPO)",
    ),
    "dpo-openai": Format(row=_dpo_openai, ending="jsonl", need="pair", info=None, trainer="OpenAI (DPO)"),
    "kto": Format(row=_kto, ending="jsonl", need="label", info=None, trainer="TRL (KTO)"),
    "kto-sharegpt": Format(
        row=_kto_sharegpt,
        ending="json",
        need="label",
        info={"formatting": "sharegpt", "columns": {**_TURN_COLUMNS, "kto_tag": "label"}},
        trainer="LLaMA-Factory (KTO)",
    ),
    "csv": Format(row=_csv, ending="csv", need="answer", info=None, trainer=""),
}
