"""Evaluation sets: questions with what is expected, from people, files, marks on the search page, and corrections."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from kb_app.errors import CaseEmptyError, SetNameError
from kb_app.evaluation.text_metrics import without_markers
from kb_app.models import Correction, EvaluationCase, EvaluationSet, ExpectedPassage, Source, Split, StoredChunk
from kb_app.services.evaluation.question_files import read_questions
from kb_app.services.evaluation.question_groups import group_questions, question_key
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.evaluation import EvaluationRepository
from kb_app.storage.training import TrainingRepository

MARKS = "marks"
CORRECTIONS = "corrections"
_NAME_LIMIT = 80


class Imported(NamedTuple):
    """What an import did: cases added, and questions left out because the set asks them already.

    ``without_passage`` counts the rows whose document was not used, because they have no passage.
    """

    added: int
    known: int
    without_passage: int = 0


class Evaluation:
    """The evaluation sets of every base. Safe to share between threads."""

    def __init__(
        self, evaluation: EvaluationRepository, corrections: CorrectionRepository, training: TrainingRepository
    ) -> None:
        """Keep sets in ``evaluation``; ``corrections`` are cases, but for what ``training`` says a model has seen."""
        self._evaluation = evaluation
        self._corrections = corrections
        self._training = training
        self._lock = threading.Lock()
        self._in_step: dict[str, object] = {}

    # --- sets ----------------------------------------------------------------------------------

    def sets(self, base_id: str) -> list[EvaluationSet]:
        """Return the sets of a base, oldest first; that of its corrections is brought up to date.

        Raises NotFoundError: there is no such base (any more).
        """
        self._evaluation.require_base(base_id)
        self._follow_corrections(base_id)
        return self._evaluation.sets(base_id)

    def set(self, set_id: str) -> EvaluationSet:
        """Return one set. Raises EvaluationGoneError."""
        return self._evaluation.set(set_id)

    def find(self, base_id: str, name: str) -> EvaluationSet | None:
        """Return the set of a base by its name; ``marks`` and ``corrections`` are the built-in ones."""
        return next((one for one in self.sets(base_id) if name in (one.name, one.kind)), None)

    def create_set(self, base_id: str, name: str) -> EvaluationSet:
        """Create an empty set. Raises SetNameError, DuplicateSetError, NotFoundError."""
        return self._evaluation.set(self._evaluation.create_set(base_id, _clean_name(name)))

    def rename_set(self, set_id: str, name: str) -> None:
        """Rename a set. Raises SetNameError, DuplicateSetError, EvaluationGoneError."""
        self._evaluation.rename_set(set_id, _clean_name(name))

    def delete_set(self, set_id: str) -> None:
        """Delete a set with its cases; its runs stay."""
        self._evaluation.delete_set(set_id)
        with self._lock:
            self._in_step.clear()

    # --- cases ---------------------------------------------------------------------------------

    def cases(self, set_id: str) -> list[EvaluationCase]:
        """Return the cases of a set in the order they were added."""
        return self._evaluation.cases(set_id)

    def add_case(self, set_id: str, case: EvaluationCase) -> EvaluationCase:
        """Add a case. Raises CaseEmptyError, EvaluationGoneError."""
        return self.add_cases(set_id, [case])[0]

    def add_cases(self, set_id: str, cases: Sequence[EvaluationCase]) -> list[EvaluationCase]:
        """Add cases, all or none. Raises CaseEmptyError, EvaluationGoneError."""
        whole = [_whole(case) for case in cases]
        return self._evaluation.add(set_id, [(question_key(case.question), case) for case in whole])

    def save_case(self, case: EvaluationCase) -> None:
        """Save a changed case. Raises CaseEmptyError, EvaluationGoneError."""
        self._evaluation.save(_whole(case), question_key(case.question))

    def delete_cases(self, case_ids: Collection[str]) -> None:
        """Delete cases."""
        self._evaluation.delete(case_ids)

    def import_questions(self, base_id: str, name: str, data: bytes, file_name: str) -> Imported:
        """Add the questions of a CSV or JSON file to the set ``name``, made when there is none.

        Raises:
            QuestionsFileError: nothing was added; ``params`` say where and what.
            SetNameError: the set would have no name.
        """
        cases, without_passage = read_questions(data, file_name)
        found = self.find(base_id, _clean_name(name))
        set_id = found.id if found else self._evaluation.create_set(base_id, _clean_name(name))
        seen = {question_key(case.question) for case in self._evaluation.cases(set_id)}
        fresh = []
        for case in cases:
            key = question_key(case.question)
            if key not in seen:
                seen.add(key)
                fresh.append(case)
        self.add_cases(set_id, fresh)
        return Imported(added=len(fresh), known=len(cases) - len(fresh), without_passage=without_passage)

    # --- marks on the search page ----------------------------------------------------------------

    def mark_passage(self, base_id: str, query: str, chunk: StoredChunk | Source) -> None:
        """Remember ``chunk`` as a right passage for ``query``, in the base's set of marks. Raises NotFoundError."""
        passage = _passage(chunk)
        set_id = self._evaluation.ensure_set(base_id, MARKS, "marks")
        known = self._evaluation.find(set_id, question_key(query))
        if known is None:
            self.add_case(set_id, EvaluationCase(question=query, passages=(passage,), origin="mark"))
        elif passage.chunk_id not in {one.chunk_id for one in known.passages}:
            self.save_case(replace(known, passages=(*known.passages, passage)))

    def unmark_passage(self, base_id: str, query: str, chunk: StoredChunk | Source) -> None:
        """Forget a mark; a query without any is forgotten, too."""
        known = self._marked(base_id, query)
        if known is None:
            return
        kept = tuple(one for one in known.passages if one.chunk_id != _passage(chunk).chunk_id)
        if kept:
            self.save_case(replace(known, passages=kept))
        else:
            self.delete_cases([known.id])

    def marked_chunks(self, base_id: str, query: str) -> frozenset[str]:
        """Return the ids of the chunks marked right for ``query``."""
        known = self._marked(base_id, query)
        return frozenset(one.chunk_id for one in known.passages) if known else frozenset()

    def _marked(self, base_id: str, query: str) -> EvaluationCase | None:
        found = next((one for one in self._evaluation.sets(base_id) if one.kind == "marks"), None)
        return None if found is None else self._evaluation.find(found.id, question_key(query))

    # --- corrections ---------------------------------------------------------------------------

    def trained_questions(self, base_id: str) -> list[str]:
        """Return the questions whose answers were exported for training or validation."""
        return [item.question for item in self._training.items(base_id).values() if item.split != "test"]

    def _follow_corrections(self, base_id: str) -> None:
        """Bring the set of the base's corrections in step with them: approved ones that are not stale."""
        state = (self._corrections.fingerprint(base_id), self._training.fingerprint(base_id))
        with self._lock:
            if self._in_step.get(base_id) == state:
                return
            wanted = self._corrections.all(base_ids=[base_id], statuses=["approved"], stale=False)
            if wanted or any(one.kind == "corrections" for one in self._evaluation.sets(base_id)):
                self._update(base_id, wanted)
            self._in_step[base_id] = state

    def _update(self, base_id: str, corrections: Sequence[Correction]) -> None:
        set_id = self._evaluation.ensure_set(base_id, CORRECTIONS, "corrections")
        known = {case.correction_id: case for case in self._evaluation.cases(set_id)}
        oldest_first = sorted(corrections, key=lambda one: (one.created_at, one.id))
        splits = self._splits(base_id, oldest_first)
        fresh = []
        for correction, split in zip(oldest_first, splits, strict=True):
            case = replace(_case_of(correction), split=split)
            before = known.pop(correction.id, None)
            if before is None:
                fresh.append(case)
            elif _content(case) != _content(before):
                self.save_case(replace(case, id=before.id, set_id=set_id))
        self.add_cases(set_id, fresh)
        self._evaluation.delete([case.id for case in known.values()])

    def _splits(self, base_id: str, corrections: Sequence[Correction]) -> list[Split]:
        """Return ``train`` for each correction that was exported for training, or whose near-duplicate was."""
        items = [(key, item) for key, item in self._training.items(base_id).items() if item.split != "test"]
        seen = {key for key, _ in items}
        questions = [one.question for one in corrections] + [item.question for _, item in items]
        groups = group_questions(questions, [one.group for one in corrections] + [""] * len(items))
        trained = set(groups[len(corrections) :])
        trained |= {group for one, group in zip(corrections, groups, strict=False) if one.id in seen}
        return ["train" if group in trained else "test" for group in groups[: len(corrections)]]


def _case_of(correction: Correction) -> EvaluationCase:
    return EvaluationCase(
        question=correction.question,
        answers=(without_markers(correction.chosen) or correction.chosen,),
        passages=tuple(map(_passage, correction.support)),
        refuses="should_decline" in correction.reasons,
        origin="correction",
        group=correction.group,
        correction_id=correction.id,
        note=correction.note,
    )


def _content(case: EvaluationCase) -> EvaluationCase:
    return replace(case, id="", set_id="", created_at="", updated_at="")


def _passage(chunk: StoredChunk | Source) -> ExpectedPassage:
    document, chunk_id = (
        (chunk.document, chunk.chunk_id) if isinstance(chunk, Source) else (chunk.document_name, chunk.id)
    )
    return ExpectedPassage(
        document=document, text=chunk.text, document_id=chunk.document_id, chunk_id=chunk_id, page=chunk.page
    )


def _whole(case: EvaluationCase) -> EvaluationCase:
    """Return the case without blanks around its texts. Raises CaseEmptyError when it asks or expects nothing."""
    question = case.question.strip()
    answers = tuple(answer.strip() for answer in case.answers if answer.strip())
    passages = tuple(passage for passage in case.passages if passage.text.strip())
    if not question or not (answers or passages or case.refuses):
        raise CaseEmptyError(case.id)
    return replace(case, question=question, answers=answers, passages=passages)


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())[:_NAME_LIMIT]
    if not clean:
        raise SetNameError(name)
    return clean
