"""What models do for an evaluation beside answering: judge answers, and write questions. Replies are read strictly."""

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from kb_app.errors import ModelReplyError
from kb_app.messages import Language
from kb_app.models import (
    CaseResult,
    ChatMessage,
    ChatOptions,
    ChatRequest,
    EvaluationCase,
    ExpectedPassage,
    Judgement,
    StoredChunk,
)
from kb_app.services.models.calls import Call, ModelCalls
from kb_app.services.prompting.prompts import language_of
from kb_app.services.prompting.store import fill

_BEST_MARK = 4
_OPTIONS = ChatOptions(temperature=0.0, max_tokens=400)
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\A\s*```(?:json)?\s*|\s*```\s*\Z")
_LONGEST = 2_000


def prompt_of(kind: str, language: Language) -> str:
    """Return the prompt ``judge`` or ``question`` as it stands, to be filled, or to be shown."""
    return resources.files("kb_app.prompts").joinpath(f"{kind}.{language}.md").read_text(encoding="utf-8").strip()


def judge(calls: ModelCalls, judge_id: str, result: CaseResult) -> Judgement:
    """Ask a model how good an answer is.

    Raises:
        ModelReplyError: it replied with anything but the marks.
        ProviderError: it failed.
    """
    case = result.case
    language = language_of(case.question, "zh")
    declines = {"zh": "（应当拒答）", "en": "(to be declined)"}[language]
    offered = [source for source in result.sources if source.marker in result.cited] or result.sources
    text = fill(
        prompt_of("judge", language),
        question=case.question,
        expected=declines if case.refuses else "\n".join(case.answers) or "\n".join(one.text for one in case.passages),
        passages="\n\n".join(f"[{source.marker}] {source.text[:_LONGEST]}" for source in offered) or "-",
        answer=result.answer[: 4 * _LONGEST],
    )
    reply = _reply(calls, judge_id, text, language)
    correct, faithful, relevant = (_mark(reply, name, judge_id) for name in ("correct", "faithful", "relevant"))
    reason = str(reply.get("reason", "")).strip()
    return Judgement(correct=correct, faithful=faithful, relevant=relevant, reason=reason)


def write_case(calls: ModelCalls, model_id: str, chunk: StoredChunk) -> EvaluationCase:
    """Ask a model for a question that a passage answers; a person has to review it. Raises as :func:`judge`."""
    language = language_of(chunk.text, "zh")
    reply = _reply(calls, model_id, fill(prompt_of("question", language), passage=chunk.text), language)
    question, answer = (str(reply.get(name) or "").strip() for name in ("question", "answer"))
    if not question or not answer:
        problem = json.dumps(reply, ensure_ascii=False)[:200]
        raise ModelReplyError(problem, model=model_id, problem=problem)
    passage = ExpectedPassage(
        document=chunk.document_name,
        text=chunk.text,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        page=chunk.page,
    )
    return EvaluationCase(
        question=question, answers=(answer,), passages=(passage,), origin="generated", status="draft", note=model_id
    )


def _reply(calls: ModelCalls, model_id: str, text: str, language: Language) -> Mapping[str, Any]:
    request = ChatRequest(
        messages=(ChatMessage(role="user", content=text),), question=text, language=language, options=_OPTIONS
    )
    said = calls.text(Call(model_id=model_id, prepare=lambda _model: request, purpose="judge"))
    bare = _FENCE.sub("", _THINKING.sub("", said)).strip()
    try:
        found = json.loads(bare)
    except ValueError as error:
        raise ModelReplyError(bare[:200], model=model_id, problem=bare[:200]) from error
    if not isinstance(found, dict):
        raise ModelReplyError(bare[:200], model=model_id, problem=bare[:200])
    return found


def _mark(reply: Mapping[str, Any], name: str, model_id: str) -> float:
    """Return a mark as a share of the best one; a mark is a whole number from 0 to 4."""
    mark = reply.get(name)
    if isinstance(mark, bool) or not isinstance(mark, int | float) or mark not in range(_BEST_MARK + 1):
        raise ModelReplyError(f"{name}: {mark}", model=model_id, problem=f"{name}: {mark}")
    return mark / _BEST_MARK
