"""Exports of corrections as training data: collected, split, checked, masked, and only then handed out."""

import io
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from kb_app import __version__
from kb_app.errors import ExportEmptyError, ExportFolderError, ExportRefusedError, ExportSplitError
from kb_app.models import Correction, KnowledgeBase
from kb_app.services.evaluation.question_groups import SplitShares, group_questions, split_of
from kb_app.services.prompting.store import Prompts
from kb_app.services.training.checks import Problem, checked, findings, masked
from kb_app.services.training.examples import Template, labelled, of_correction, of_rating
from kb_app.services.training.files import SPLITS, data_card, data_files, dataset_info, manifest, remove_older
from kb_app.services.training.formats import FORMATS, Example, ExportFormat
from kb_app.services.training.personal_data import KINDS, Finding, Masker
from kb_app.storage.bases import BaseRepository
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.rated_answers import RatedAnswers
from kb_app.storage.training import TrainingItem, TrainingRepository

ALL_TRAIN = SplitShares(1.0, 0.0, 0.0)
USUAL_SPLIT = SplitShares(0.8, 0.1, 0.1)
_LICENCE = (
    "Written by the users of this knowledge base; passages and quotations belong to the owners of the documents. "
    "Make sure that you may pass them on before you do."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to export and how. Without ``leave_out``, one item that cannot be exported refuses all."""

    base_id: str
    format: ExportFormat
    shares: SplitShares = ALL_TRAIN
    seed: int = 42
    with_context: bool = False
    mask: bool = False
    include_stale: bool = False
    leave_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """What an export would hold: its ``examples``, the ``problems`` left out or in its way, what was found in them."""

    request: ExportRequest
    base: KnowledgeBase
    examples: tuple[Example, ...]
    problems: tuple[Problem, ...]
    personal_data: tuple[Finding, ...]
    stale_count: int
    group_count: int
    largest_group: int

    @property
    def counts(self) -> dict[str, int]:
        """Return split -> how many examples."""
        found = Counter(example.split for example in self.examples)
        return {split: found[split] for split in SPLITS if found[split]}


class Exports:
    """Makes data sets of a base's approved corrections and rated answers. Safe to share between threads."""

    def __init__(
        self,
        bases: BaseRepository,
        corrections: CorrectionRepository,
        rated: RatedAnswers,
        training: TrainingRepository,
        prompts: Prompts,
    ) -> None:
        """Read corrections and ratings; remember in ``training`` what was handed out."""
        self._bases = bases
        self._corrections = corrections
        self._rated = rated
        self._training = training
        self._prompts = prompts

    def state(self, base_id: str) -> object:
        """Return what changes whenever the corrections of a base do."""
        return self._corrections.fingerprint(base_id)

    def plan(self, request: ExportRequest) -> ExportPlan:
        """Return what an export would hold. Raises ExportSplitError, NotFoundError."""
        _check_shares(request.shares)
        base = self._bases.get(request.base_id)
        need = FORMATS[request.format].need
        # Those not exported take part in the grouping, so that a group keeps its name, and its split, without them.
        all_kept = self._corrections.all(base_ids=[base.id])
        kept = sorted(all_kept, key=lambda one: (one.created_at, one.id))
        wanted = [one for one in kept if one.status == "approved" and (request.include_stale or not one.stale)]
        template = partial(self._prompts.get, "answer", base_id=base.id) if request.with_context else None
        examples = [of_correction(one, template) for one in wanted]
        if need == "answer" and request.format != "csv":
            examples = [replace(example, rejected="") for example in examples]  # it is not written, so nor checked
        if need == "label":
            examples = [single for example in examples for single in labelled(example)]
            examples += self._of_ratings(base.id, {one.message_id for one in wanted}, template)
        examples, groups = _split(examples, kept, request)
        problems, whole = checked(examples, need, with_context=request.with_context)
        found = tuple(finding for one in whole for finding in findings(one))
        if request.mask:
            more, whole = checked(masked(whole), need, with_context=request.with_context)
            problems += more
        return ExportPlan(
            request=request,
            base=base,
            examples=tuple(whole),
            problems=tuple(problems),
            personal_data=found,
            stale_count=sum(one.status == "approved" and bool(one.stale) for one in kept),
            group_count=len(groups),
            largest_group=max(groups.values(), default=0),
        )

    def files(self, plan: ExportPlan) -> dict[str, bytes]:
        """Return file name -> bytes of the whole data set.

        Raises:
            ExportRefusedError: an item would be dropped silently by the trainer, and leaving it out was not asked for.
            ExportEmptyError: nothing is left to export.
        """
        if plan.problems and not plan.request.leave_out:
            raise ExportRefusedError(plan.problems, count=len(plan.problems))
        if not plan.examples:
            raise ExportEmptyError(plan.base.id, name=plan.base.name)
        name = plan.request.format
        files = data_files(name, plan.examples)
        facts = _facts(plan)
        counts = {f"{split}.{FORMATS[name].ending}": count for split, count in plan.counts.items()}
        everything = {
            **files,
            "dataset_info.json": dataset_info(name, files),
            "README.md": data_card(name, files, facts),
        }
        return {**everything, "manifest.json": manifest(everything, counts, facts)}

    def write(self, request: ExportRequest, folder: Path) -> ExportPlan:
        """Write the data set into ``folder`` and remember what was handed out.

        Raises:
            ExportFolderError: it cannot be written, or holds files that are not an export's.
            ExportRefusedError, ExportEmptyError, ExportSplitError, NotFoundError: see there.
        """
        plan = self.plan(request)
        files = self.files(plan)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            remove_older(folder)
            for name, data in files.items():
                (folder / name).write_bytes(data)
        except OSError as error:
            raise ExportFolderError(str(error), folder=str(folder), problem=str(error)) from error
        self.record(plan)
        return plan

    def zipped(self, plan: ExportPlan) -> bytes:
        """Return the data set as a ZIP archive; call :meth:`record` when it is handed out. Raises as :meth:`files`."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self.files(plan).items():
                archive.writestr(name, data)
        return buffer.getvalue()

    def record(self, plan: ExportPlan) -> None:
        """Remember which questions a model may have seen now; tables for reading are no training data."""
        if plan.request.format == "csv":
            return
        items = {
            example.id.removesuffix(":rejected"): TrainingItem(example.question, example.split)
            for example in plan.examples
        }
        self._training.record(plan.base.id, items)

    def _of_ratings(self, base_id: str, corrected: set[str | None], template: Template | None) -> list[Example]:
        """Return the rated answers, but for those that were corrected: they are there with both answers."""
        rated = (one for one in self._rated.of_base(base_id) if one.answer.id not in corrected)
        return [example for one in rated if (example := of_rating(one, template)) is not None]


def _check_shares(shares: SplitShares) -> None:
    if any(share < 0 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise ExportSplitError(str(shares), shares="/".join(f"{share:g}" for share in shares))


def _split(
    examples: Sequence[Example], kept: Sequence[Correction], request: ExportRequest
) -> tuple[list[Example], Counter[str]]:
    """Return the examples with their groups and splits, and how many examples each group has."""
    owner = {one.id: one.id.removesuffix(":rejected") for one in examples}
    questions = {one.id: one.question for one in kept} | {owner[one.id]: one.question for one in examples}
    known = {one.id: one.group for one in kept}
    ids = list(questions)
    places = group_questions(list(questions.values()), [known.get(name, "") for name in ids])
    names = {name: ids[place] for name, place in zip(ids, places, strict=True)}
    grouped = [
        replace(one, group=(group := names[owner[one.id]]), split=split_of(group, request.shares, request.seed))
        for one in examples
    ]
    return grouped, Counter(one.group for one in grouped)


def _facts(plan: ExportPlan) -> Mapping[str, Any]:
    request = plan.request
    found = Counter(one.kind for one in plan.personal_data)
    shown = Masker().mask if request.mask else str  # what is left out is told of, and masked like the rest
    return {
        "format": request.format,
        "trainer": FORMATS[request.format].trainer,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "app_version": __version__,
        "base": {"id": plan.base.id, "name": plan.base.name},
        "examples": len(plan.examples),
        "counts": plan.counts,
        "filters": {"status": "approved", "stale": "included" if request.include_stale else "left out"},
        "stale": plan.stale_count,
        "left_out": [{"id": one.id, "question": shown(one.question), "reason": one.kind} for one in plan.problems],
        "split": {
            "shares": None if request.shares == ALL_TRAIN else dict(zip(SPLITS, request.shares, strict=True)),
            "seed": request.seed,
            "by": "question group (near-duplicate questions stay together)",
            "groups": plan.group_count,
            "largest_group": plan.largest_group,
        },
        "context": "system prompt and passages" if request.with_context else "neither system prompt nor passages",
        "personal_data": {"found": {kind: found[kind] for kind in KINDS if found[kind]}, "masked": request.mask},
        "licence": _LICENCE,
    }
