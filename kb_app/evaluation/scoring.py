"""All measures of one answered case, and their means over many."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from kb_app.evaluation.retrieval_metrics import (
    Passage,
    citation_precision,
    citation_recall,
    hit_at,
    matches,
    ndcg_at,
    reciprocal_rank,
)
from kb_app.evaluation.statistics import interval
from kb_app.evaluation.text_metrics import (
    best,
    bleu,
    contains,
    exact_match,
    rouge_l,
    rouge_n,
    token_f1,
    without_markers,
)
from kb_app.models import CaseResult, EvaluationCase, MetricSummary, Source

#: Passages that are searched for, whatever the answer gets, so that ranks down to here are measured.
DEPTH = 10
_HITS = (1, 3, 5, DEPTH)
#: In the order they are shown.
METRICS = (
    *(f"hit@{k}" for k in _HITS),
    "mrr",
    f"ndcg@{DEPTH}",
    "contains",
    "exact_match",
    "token_f1",
    "rouge1",
    "rouge2",
    "rougeL",
    "bleu",
    "citation_precision",
    "citation_recall",
    "correct_refusal",
    "answered",
    "judge_correct",
    "judge_faithful",
    "judge_relevant",
)
_DECLINES = re.compile(
    r"没有(?:相关|找到|提到|提及|包含|足够)|未(?:提及|提到|找到|提供|包含)|无法(?:回答|确定|得知|判断)|不足以回答"
    r"|(?:do|does|did) not (?:contain|mention|provide|include|answer|say)|no (?:relevant )?(?:information|mention)"
    r"|(?:cannot|can't|unable to) (?:be )?(?:answer|find|determine)|not (?:mentioned|stated|answered)",
    re.IGNORECASE,
)


def search_metrics(case: EvaluationCase, found: Sequence[Source]) -> dict[str, float]:
    """Return the measures of the passages found, best first; nothing where no passage is expected."""
    if not case.passages:
        return {}
    matched = matches(list(map(_of_source, found)), _wanted(case))
    values = {f"hit@{k}": hit_at(matched, k) for k in _HITS}
    return {**values, "mrr": reciprocal_rank(matched), f"ndcg@{DEPTH}": ndcg_at(matched, len(case.passages), DEPTH)}


def answer_metrics(case: EvaluationCase, result: CaseResult) -> dict[str, float]:
    """Return the measures of an answer: whether it declines rightly, what it says, what it cites."""
    declines = declined(result)
    if case.refuses:
        return {"correct_refusal": float(declines)}
    values = {"answered": float(not declines)}
    if case.answers:
        text = without_markers(result.answer)
        values |= {
            "contains": best(contains, text, case.answers),
            "exact_match": best(exact_match, text, case.answers),
            "token_f1": best(lambda given, wanted: token_f1(given, wanted).f1, text, case.answers),
            "rouge1": best(lambda given, wanted: rouge_n(given, wanted, 1).f1, text, case.answers),
            "rouge2": best(lambda given, wanted: rouge_n(given, wanted, 2).f1, text, case.answers),
            "rougeL": best(lambda given, wanted: rouge_l(given, wanted).f1, text, case.answers),
            "bleu": best(bleu, text, case.answers),
        }
    if case.passages:
        cited = [source for source in result.sources if source.marker in result.cited]
        matched = matches(list(map(_of_source, cited)), _wanted(case))
        values["citation_precision"] = citation_precision(matched)
        values["citation_recall"] = citation_recall(matched, len(case.passages))
    return values


def declined(result: CaseResult) -> bool:
    """Return whether an answer declines: nothing was found, or it cites nothing and says that it cannot answer."""
    return result.status == "no_sources" or (not result.cited and bool(_DECLINES.search(result.answer)))


def summarise(results: Iterable[Mapping[str, float]]) -> dict[str, MetricSummary]:
    """Return metric -> its mean over the cases that have it, in the order of ``METRICS``."""
    values: dict[str, list[float]] = defaultdict(list)
    for metrics in results:
        for name, value in metrics.items():
            values[name].append(value)
    found = {name: interval(values[name]) for name in METRICS if name in values}
    return {
        name: MetricSummary(mean=one.mean, low=one.low, high=one.high, cases=one.cases) for name, one in found.items()
    }


def _wanted(case: EvaluationCase) -> list[Passage]:
    return [Passage(passage.document, passage.text) for passage in case.passages]


def _of_source(source: Source) -> Passage:
    return Passage(source.document, source.text)
