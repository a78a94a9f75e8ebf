"""What the evaluation page remembers in a browser tab, and the names of what it shows."""

from kb_app.models import EvaluationRun, EvaluationSet
from kb_app.services.evaluation.sets import CORRECTIONS, MARKS
from kb_app.ui.state import Slot
from kb_app.ui.text import local_time, t

VIEW: Slot[str] = Slot(key="kb.evaluation_view", default="runs")
SET: Slot[str] = Slot(key="kb.evaluation_set", default="", parameter="set")
RUN: Slot[str] = Slot(key="kb.evaluation_run", default="", parameter="run")
UPLOADS: Slot[int] = Slot(key="kb.evaluation_uploads", default=0)


def set_name(name: str) -> str:
    """Return a set's name for people; no name is all sets."""
    if not name:
        return t("evaluation.all_sets")
    return t(f"evaluation.set_{name}") if name in (MARKS, CORRECTIONS) else name


def set_label(one: EvaluationSet) -> str:
    """Return a set's name and how many cases it has."""
    return f"{set_name(one.name)} · {t('evaluation.case_count', count=one.case_count)}"


def run_label(run: EvaluationRun) -> str:
    """Return what tells a run from others."""
    return " · ".join([run.name, run.settings.model_id, set_name(run.set_name), local_time(run.created_at)])
