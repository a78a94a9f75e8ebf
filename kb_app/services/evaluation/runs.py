"""Evaluation runs as a user sees them: what they will cost, start, watch, cancel, compare, gate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kb_app.errors import EvaluationGoneError, NoCasesError, NotAJudgeError
from kb_app.evaluation.scoring import METRICS
from kb_app.evaluation.statistics import TIE, Comparison, compare
from kb_app.messages import Language
from kb_app.models import (
    CaseResult,
    ChatOptions,
    EvaluationCase,
    EvaluationRun,
    KnowledgeBase,
    Price,
    RunEstimate,
    RunSettings,
)
from kb_app.protocols import ChatModel
from kb_app.services.evaluation.judging import prompt_of
from kb_app.services.evaluation.question_groups import group_questions
from kb_app.services.evaluation.sets import Evaluation
from kb_app.services.prompting.prompts import estimate_tokens, language_of
from kb_app.services.prompting.store import Prompts
from kb_app.storage.evaluation_runs import EvaluationRunRepository, NewRun

ALL_SETS = ""
_JUDGE_TOKENS = 150
#: Fewer characters of an id may be a name.
_LEAST_ID = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Whether a run is good enough: metric -> (mean, least); ``mean`` None where no case has the metric."""

    missed: Mapping[str, tuple[float | None, float]]

    @property
    def passed(self) -> bool:
        """Whether every metric reaches its least value."""
        return not self.missed


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Two runs over the cases both answered: metric -> comparison, and the cases as pairs (first, second)."""

    first: EvaluationRun
    second: EvaluationRun
    metrics: Mapping[str, Comparison]
    pairs: tuple[tuple[CaseResult, CaseResult], ...]

    def changed(self, metric: str) -> tuple[list[tuple[CaseResult, CaseResult]], list[tuple[CaseResult, CaseResult]]]:
        """Return the pairs that got better and those that got worse in ``metric``, the largest change first."""
        found = [
            (second.metrics[metric] - first.metrics[metric], first, second)
            for first, second in self.pairs
            if metric in first.metrics and metric in second.metrics
        ]
        found.sort(key=lambda change: -abs(change[0]))
        better = [(first, second) for change, first, second in found if change > TIE]
        return better, [(first, second) for change, first, second in found if change < -TIE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is known of the models and bases a run is planned for."""

    base: Callable[[str], KnowledgeBase]
    chat: Callable[[str], ChatModel]
    price: Callable[[str], Price | None]
    options: Callable[[str], ChatOptions]


class EvaluationRuns:
    """The runs of every base. Safe to share between threads; the owner of the data folder does the work."""

    def __init__(
        self,
        runs: EvaluationRunRepository,
        evaluation: Evaluation,
        prompts: Prompts,
        market: Market,
        begin: Callable[[], None],
    ) -> None:
        """Plan ``runs`` over the sets of ``evaluation``; ``begin`` is called when there is one to do."""
        self._runs = runs
        self._evaluation = evaluation
        self._prompts = prompts
        self._market = market
        self._begin = begin

    def cases(self, base_id: str, set_id: str = ALL_SETS) -> tuple[list[EvaluationCase], int]:
        """Return the cases of a set that count, of all sets without one, and how many a model may have seen.

        Drafts are neither. A case near a question that was exported for training counts as seen.
        """
        sets = [one for one in self._evaluation.sets(base_id) if set_id in (ALL_SETS, one.id)]
        if set_id != ALL_SETS and not sets:
            raise EvaluationGoneError(set_id)
        found = [case for one in sets for case in self._evaluation.cases(one.id) if case.status == "approved"]
        fresh = [case for case in found if case.split == "test"]
        trained = self._evaluation.trained_questions(base_id)
        if trained:
            groups = group_questions([*(case.question for case in fresh), *trained])
            seen = set(groups[len(fresh) :])
            fresh = [case for case, group in zip(fresh, groups, strict=False) if group not in seen]
        return fresh, len(found) - len(fresh)

    def estimate(self, base_id: str, set_id: str, settings: RunSettings) -> RunEstimate:
        """Return what a run costs at most. Raises ProviderError for an unknown model, NotAJudgeError."""
        cases, _ = self.cases(base_id, set_id)
        passages = settings.top_k * self._market.base(base_id).chunk_size_units
        questions = [estimate_tokens(case.question) for case in cases]
        template = estimate_tokens(self._prompts.get("answer", _language(cases), base_id))
        answer = self._market.options(settings.model_id).max_tokens
        calls = prompted = completed = 0
        price: float | None = 0.0
        currency = ""
        if self._market.chat(settings.model_id).prompted:
            calls = len(cases)
            prompted, completed = sum(questions) + calls * (template + passages), calls * answer
            price, currency = self._price(settings.model_id, prompted, completed)
        if settings.judge_id:
            self._require_writer(settings.judge_id)
            judging = sum(questions) + len(cases) * (estimate_tokens(prompt_of("judge", "zh")) + passages + answer)
            more, currency = self._price(settings.judge_id, judging, len(cases) * _JUDGE_TOKENS)
            price = None if price is None or more is None else price + more
            calls, prompted = calls + len(cases), prompted + judging
            completed += len(cases) * _JUDGE_TOKENS
        return RunEstimate(
            cases=len(cases),
            calls=calls,
            prompt_tokens=prompted,
            completion_tokens=completed,
            price=price,
            currency=currency,
        )

    def start(self, base_id: str, set_id: str, settings: RunSettings, name: str = "") -> EvaluationRun:
        """Queue a run over the cases of a set as they are now; returns at once.

        Raises:
            NoCasesError: the set has nothing that counts.
            NotAJudgeError: the judge only quotes.
            ProviderError: a model does not exist.
            EvaluationGoneError: the set was deleted.
        """
        cases, left_out = self.cases(base_id, set_id)
        set_name = self._evaluation.set(set_id).name if set_id != ALL_SETS else ALL_SETS
        if not cases:
            raise NoCasesError(set_id, name=set_name or self._market.base(base_id).name)
        self._market.chat(settings.model_id)
        if settings.judge_id:
            self._require_writer(settings.judge_id)
        title = name.strip() or f"{self._runs.count(base_id) + 1}"
        new = NewRun(base_id, set_id, set_name, title, "run", settings, cases, left_out)
        return self._queued(new, len(cases))

    def generate(self, set_id: str, model_id: str, count: int) -> EvaluationRun:
        """Queue the writing of ``count`` questions by a model into a set, as drafts for a person to review.

        Raises:
            NotAJudgeError, ProviderError, EvaluationGoneError: see :meth:`start`.
        """
        found = self._evaluation.set(set_id)
        self._require_writer(model_id)
        new = NewRun(found.base_id, set_id, found.name, found.name, "generate", RunSettings(model_id=model_id), ())
        return self._queued(new, count)

    def all(self, base_id: str) -> list[EvaluationRun]:
        """Return the runs of a base, newest first."""
        return self._runs.all(base_id)

    def get(self, run_id: str) -> EvaluationRun:
        """Return one run. Raises EvaluationGoneError."""
        return self._runs.get(run_id)

    def find(self, name: str) -> EvaluationRun:
        """Return a run by its id, the id's beginning, or its name, the newest first. Raises EvaluationGoneError."""
        for run in self._runs.everywhere():
            begins = len(name) >= _LEAST_ID and run.id.startswith(name)
            if run.kind == "run" and (begins or run.name == name):
                return run
        raise EvaluationGoneError(name)

    def results(self, run_id: str) -> list[CaseResult]:
        """Return what a run has answered so far, in the order of its cases."""
        return self._runs.results(run_id)

    def cancel(self, run_id: str) -> None:
        """Stop a run after the case in hand; what is answered stays."""
        self._runs.cancel(run_id)

    def delete(self, run_id: str) -> None:
        """Delete a run with its results."""
        self._runs.cancel(run_id)
        self._runs.delete(run_id)

    def gate(self, run: EvaluationRun) -> Gate:
        """Return which of the run's least means are missed."""
        means = {name: summary.mean for name, summary in run.summary.items()}
        wanted = run.settings.min_metrics
        return Gate(
            missed={
                name: (means.get(name), least) for name, least in wanted.items() if means.get(name, -1.0) < least - TIE
            }
        )

    def compare(self, first_id: str, second_id: str) -> RunComparison:
        """Compare two runs over the cases both answered. Raises EvaluationGoneError."""
        first, second = self._runs.get(first_id), self._runs.get(second_id)
        before = {result.case.id: result for result in self._runs.results(first_id)}
        pairs = tuple(
            (before[result.case.id], result) for result in self._runs.results(second_id) if result.case.id in before
        )
        return RunComparison(first=first, second=second, metrics=_comparisons(pairs), pairs=pairs)

    def _queued(self, new: NewRun, total: int) -> EvaluationRun:
        run = self._runs.get(self._runs.create(new, total))
        self._begin()
        return run

    def _require_writer(self, model_id: str) -> None:
        if not self._market.chat(model_id).prompted:
            raise NotAJudgeError(model_id, model=model_id)

    def _price(self, model_id: str, prompt_tokens: int, completion_tokens: int) -> tuple[float | None, str]:
        price = self._market.price(model_id)
        return (None, "") if price is None else (price.of(prompt_tokens, completion_tokens), price.currency)


def _comparisons(pairs: Sequence[tuple[CaseResult, CaseResult]]) -> dict[str, Comparison]:
    found = {}
    for name in METRICS:
        both = [
            (first.metrics[name], second.metrics[name])
            for first, second in pairs
            if name in first.metrics and name in second.metrics
        ]
        if both:
            found[name] = compare([one for one, _ in both], [other for _, other in both])
    return found


def _language(cases: Sequence[EvaluationCase]) -> Language:
    return language_of(cases[0].question, "zh") if cases else "zh"
