"""Does evaluation runs on one thread until closed: answers case after case, measures, and saves each at once.

A run can be killed at any moment: what is answered stays, and the next start of the app, or the next run, goes on.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from kb_app.errors import KBAppError, ModelReplyError, StorageError, error_info
from kb_app.evaluation.scoring import DEPTH, answer_metrics, search_metrics, summarise
from kb_app.messages import translate
from kb_app.models import (
    CaseResult,
    ChatOptions,
    ChatRequest,
    ErrorInfo,
    EvaluationCase,
    EvaluationRun,
    MessageStatus,
    Source,
    StoredChunk,
    Token,
    Usage,
)
from kb_app.protocols import ChatModel
from kb_app.retrieval.retriever import Retriever
from kb_app.services.answers.citations import resolve
from kb_app.services.answers.composing import within
from kb_app.services.answers.sources import sources_of
from kb_app.services.corrections.reuse import Reuse
from kb_app.services.evaluation.judging import judge, write_case
from kb_app.services.evaluation.sets import Evaluation
from kb_app.services.models.calls import Call, ModelCalls
from kb_app.services.prompting.prompts import answer_prompt, language_of
from kb_app.services.prompting.store import Prompts
from kb_app.storage.evaluation_runs import EvaluationRunRepository

_LOG = logging.getLogger(__name__)

_IDLE_S = 0.3
_PAUSE_S = 1.0
_SEED = 11
#: Passages shorter than this make poor questions.
_LEAST_CHARS = 80

#: Returns the passages of a base.
Chunks = Callable[[str], list[StoredChunk]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a run works with."""

    retriever: Retriever
    reuse: Reuse
    calls: ModelCalls
    prompts: Prompts
    chunks: Chunks
    options: Callable[[str], ChatOptions]


class EvaluationWorker:
    """Takes queued runs in order, in the process that owns the data folder.

    It is started by those who evaluate: a run may cost money, so no other command goes on with one by the way.
    """

    def __init__(self, runs: EvaluationRunRepository, evaluation: Evaluation, bench: Bench) -> None:
        """Work on ``runs``; generated questions go into the sets of ``evaluation``."""
        self._runs = runs
        self._evaluation = evaluation
        self._bench = bench
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="evaluation", daemon=True)

    def start(self) -> None:
        """Go on with interrupted runs and begin; nothing when it has begun or is closed already."""
        with self._starting:
            if self._thread.ident is None and not self._closing.is_set():
                self._runs.resume()
                self._thread.start()

    def close(self) -> None:
        """Stop after the case in hand."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                run = self._runs.claim()
                if run is None:
                    self._closing.wait(_IDLE_S)
                else:
                    self._do(run)
            except Exception:  # noqa: BLE001 - the top of the thread: without it nothing would be evaluated any more
                _LOG.exception("the evaluation stumbled; it goes on")
                self._recover()

    def _recover(self) -> None:
        """Put the run in hand back into the queue, as soon as the database takes it."""
        while not self._closing.wait(_PAUSE_S):
            try:
                self._runs.resume()
            except StorageError as error:
                _LOG.warning("the database still refuses: %s", error)
            else:
                return

    def _do(self, run: EvaluationRun) -> None:
        try:
            ended = self._generate(run) if run.kind == "generate" else self._answer_all(run)
        except KBAppError as error:
            self._runs.finish(run.id, "failed", error=error_info(error))
            return
        if self._closing.is_set() and not ended:
            return  # the next start goes on
        results = self._runs.results(run.id)
        outcome = {
            "summary": {name: asdict(one) for name, one in summarise(result.metrics for result in results).items()},
            "reused": sum(result.reused_id is not None for result in results),
            "failed": sum(result.error is not None for result in results),
        }
        self._runs.finish(run.id, "done" if ended else "cancelled", outcome)

    def _answer_all(self, run: EvaluationRun) -> bool:
        """Answer what is left of a run; return whether nothing is."""
        for position, case in self._runs.pending(run.id):
            if self._closing.is_set() or self._runs.is_cancelled(run.id):
                return False
            self._runs.save(run.id, answer_case(self._bench, run, position, case))
        return True

    def _generate(self, run: EvaluationRun) -> bool:
        """Write ``run.total`` questions on passages drawn at random; passages asked about already are left out."""
        asked = {passage.chunk_id for case in self._evaluation.cases(run.set_id) for passage in case.passages}
        chunks = [chunk for chunk in self._bench.chunks(run.base_id) if len(chunk.text) >= _LEAST_CHARS]
        left = [chunk for chunk in chunks if chunk.id not in asked]
        random.Random(_SEED).shuffle(left)
        done, refused = run.done, 0
        while left and done < run.total:
            if self._closing.is_set() or self._runs.is_cancelled(run.id):
                return False
            try:
                case = write_case(self._bench.calls, run.settings.model_id, left.pop())
            except ModelReplyError:
                refused += 1
                if refused > run.total:
                    raise
                continue
            self._evaluation.add_case(run.set_id, case)
            done += 1
            self._runs.progress(run.id, done)
        return True


def answer_case(bench: Bench, run: EvaluationRun, position: int, case: EvaluationCase) -> CaseResult:
    """Return what the model alone answers to a case, measured; a failure is part of the result."""
    started = time.perf_counter()
    settings = run.settings
    result = CaseResult(position=position, case=case)
    try:
        match = bench.reuse.exact(case.question, (run.base_id,))
        retrieval = bench.retriever.retrieve(
            case.question, (run.base_id,), top_k=max(settings.top_k, DEPTH), vote=settings.vote
        )
        found = sources_of(retrieval)
        result = replace(
            result,
            reused_id=match.correction.id if match else None,
            confidence=retrieval.confidence,
            sources=found[: settings.top_k],
            metrics=search_metrics(case, found[:DEPTH]),
        )
        answered = _answered(bench, run, result, found=retrieval.found)
        elapsed_s = time.perf_counter() - started
        measured = replace(answered, elapsed_s=round(elapsed_s, 3), metrics=_with_answer(answered))
        return _judged(bench, settings.judge_id, measured) if settings.judge_id else measured
    except KBAppError as error:
        return replace(result, status="failed", error=error_info(error))
    except Exception:  # noqa: BLE001 - a bug in one case must not end the run; it stands in its result
        _LOG.exception("case %s of run %s failed", position, run.id)
        return replace(result, status="failed", error=ErrorInfo(code="internal"))


def _with_answer(result: CaseResult) -> dict[str, float]:
    return {**result.metrics, **answer_metrics(result.case, result)}


def _answered(bench: Bench, run: EvaluationRun, result: CaseResult, *, found: bool) -> CaseResult:
    question, sources = result.case.question, result.sources
    language = language_of(question, "zh")
    if not found:
        text = translate(language, "answer.nothing_found", query=question)
        return replace(result, answer=text, status="no_sources", sources=())
    options = replace(bench.options(run.settings.model_id), temperature=0.0)
    template = bench.prompts.get("answer", language, run.base_id)
    offered: list[tuple[Source, ...]] = []

    def prepare(model: ChatModel) -> ChatRequest:
        bounded = within(options, model)
        room = model.context_tokens - bounded.max_tokens
        prompt = answer_prompt(question, (), sources, template=template, prompt_tokens=room)
        offered.append(prompt.sources if model.prompted else sources)
        return ChatRequest(
            messages=prompt.messages, question=question, sources=offered[-1], language=language, options=bounded
        )

    # Without bases there is no fallback: another model's answers would be measured as this one's.
    call = bench.calls.start(Call(model_id=run.settings.model_id, prepare=prepare, purpose="answer"))
    pieces: list[str] = []
    usage: Usage | None = None
    with closing(iter(call)) as events:
        for event in events:
            if isinstance(event, Token):
                pieces.append(event.text)
            elif isinstance(event, Usage):
                usage = event
    cited = resolve("".join(pieces), len(offered[-1]))
    status: MessageStatus = "complete"
    return replace(result, answer=cited.text, cited=cited.markers, sources=offered[-1], status=status, usage=usage)


def _judged(bench: Bench, judge_id: str, result: CaseResult) -> CaseResult:
    """Add the judge's marks; a judge that fails leaves the case without them, and says why."""
    try:
        marks = judge(bench.calls, judge_id, result)
    except KBAppError as error:
        return replace(result, error=error_info(error))
    given = {
        "judge_correct": marks.correct,
        "judge_faithful": marks.faithful,
        "judge_relevant": marks.relevant,
    }
    return replace(result, judgement=marks, metrics={**result.metrics, **given})
