"""Background work on a knowledge base: progress while it runs, and what became of every file."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import Job, JobState, KnowledgeBase
from kb_app.services.documents.pace import pace
from kb_app.ui.markup import plain
from kb_app.ui.protected import archive_button, locked_archives
from kb_app.ui.text import describe, t

_REFRESH_S = 0.5
#: How often an idle page looks whether something came from elsewhere: a watched folder, another tab, a command.
_LOOK_S = 3.0
_SHOWN = 8
_SHOWN_KINDS = ("ingest", "expand", "fetch", "reindex")
_STAGES = ("load", "clean", "chunk", "embed", "store", "expand", "fetch", "ocr")
_RECENT_LIMIT = 1000
_OUTCOMES: tuple[JobState, ...] = ("ready", "replaced", "unchanged", "skipped", "cancelled", "failed")
_ICONS = {
    "ready": ":green[:material/check_circle:]",
    "replaced": ":green[:material/sync:]",
    "unchanged": ":gray[:material/remove_done:]",
    "skipped": ":gray[:material/skip_next:]",
    "cancelled": ":gray[:material/cancel:]",
    "failed": ":red[:material/error:]",
    "queued": ":gray[:material/schedule:]",
    "running": ":primary[:material/progress_activity:]",
}


def is_busy(app: App, base_id: str) -> bool:
    """Return whether anything is being read into, or re-indexed in, the base."""
    return any(job.kind in _SHOWN_KINDS for job in app.jobs.active(base_id))


def job_progress(app: App, base: KnowledgeBase) -> None:
    """Show the jobs of ``base``, which is what the page around them shows of it.

    While some are active they are drawn twice a second. The page is drawn anew when one has ended, and when the base
    is not what it shows any more.
    """
    base_id = base.id
    under_way = _shown(app.jobs.under_way(base_id))
    if under_way:
        st.fragment(run_every=_REFRESH_S)(_job_progress)(app, base_id, _finished_count(under_way))
    else:
        # No fragment: what its buttons start, a dialog or more work, is drawn by the whole page only.
        drawn = _content(app, base)
        _job_progress(app, base_id, None)
        st.fragment(run_every=_LOOK_S)(_look)(app, base_id, drawn)


def _content(app: App, base: KnowledgeBase) -> tuple[object, ...]:
    """Return what changes whenever documents of the base do."""
    newest = [(job.id, job.state) for job in app.jobs.recent(base.id, limit=1)]
    return (base.document_count, base.chunk_count, *newest)


def _look(app: App, base_id: str, drawn: tuple[object, ...]) -> None:
    """Redraw the page when the base is gone, or not what it was when the page was drawn."""
    try:
        base = app.library.base(base_id)
    except NotFoundError:
        st.rerun()
    if _content(app, base) != drawn:
        st.rerun()


def _finished_count(jobs: Sequence[Job]) -> int:
    return sum(not job.is_active for job in jobs)


def _job_progress(app: App, base_id: str, drawn: int | None) -> None:
    """Draw the jobs; ``drawn``: how many had ended when the page around them was drawn, None where none was active."""
    under_way = _shown(app.jobs.under_way(base_id))
    if drawn is not None and (not under_way or _finished_count(under_way) != drawn):
        st.rerun()
    jobs = under_way or _still_true(_shown(app.jobs.recent(base_id, limit=_RECENT_LIMIT)))
    if not jobs:
        return
    with st.container(border=True, key="jobs", gap="small"):
        if under_way:
            _running(app, base_id, jobs)
        else:
            _finished(app, base_id, jobs)


def _shown(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job.kind in _SHOWN_KINDS]


def _still_true(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs without failures of files that were added again since."""
    last = {job.name: job.id for job in jobs}
    return [job for job in jobs if job.state != "failed" or last[job.name] == job.id]


def _running(app: App, base_id: str, jobs: Sequence[Job]) -> None:
    finished = [job for job in jobs if not job.is_active]
    paused = app.library.base(base_id).paused
    text = t("jobs.progress", done=len(finished), total=len(jobs))
    st.progress(len(finished) / len(jobs), text=" · ".join([text, *_pace(jobs, paused=paused)]))
    running = [job for job in jobs if job.state == "running"]
    waiting = [job for job in jobs if job.state == "queued"]
    failed = [job for job in finished if job.state == "failed"]
    _rows([*running, *failed, *waiting, *(job for job in finished if job.state != "failed")])
    batches = sorted({job.batch_id for job in jobs if job.is_active})
    with st.container(horizontal=True):
        st.button(
            t("jobs.resume" if paused else "jobs.pause"),
            key="pause_jobs",
            icon=":material/play_arrow:" if paused else ":material/pause:",
            on_click=app.jobs.resume if paused else app.jobs.pause,
            args=(base_id,),
        )
        st.button(
            t("jobs.cancel"), key="cancel_jobs", icon=":material/stop_circle:", on_click=_cancel, args=(app, batches)
        )


def _pace(jobs: Sequence[Job], *, paused: bool) -> list[str]:
    """Return how fast it goes and how long it will take, as far as that is known."""
    if paused:
        return [t("jobs.paused")]
    now = pace(jobs)
    parts = []
    if now.pages_per_s:
        parts.append(t("jobs.pages_per_s", rate=f"{now.pages_per_s:.1f}"))
    if now.chunks_per_s:
        parts.append(t("jobs.chunks_per_s", rate=f"{now.chunks_per_s:.0f}"))
    if now.seconds_left is not None:
        minutes, seconds = divmod(round(now.seconds_left), 60)
        parts.append(t("jobs.minutes_left", minutes=minutes) if minutes else t("jobs.seconds_left", seconds=seconds))
    return parts


def _cancel(app: App, batch_ids: Sequence[str]) -> None:
    for batch_id in batch_ids:
        app.jobs.cancel(batch_id)


def _retry(app: App, base_id: str) -> None:
    app.jobs.retry_failed(base_id)


def _finished(app: App, base_id: str, jobs: Sequence[Job]) -> None:
    counts = Counter("reindexed" if job.kind == "reindex" and job.state == "ready" else job.state for job in jobs)
    summary = [t(f"jobs.summary_{state}", count=counts[state]) for state in (*_OUTCOMES, "reindexed") if counts[state]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('jobs.finished')}** · {' · '.join(summary)}", width="stretch")
        locked = locked_archives(jobs)
        if locked:
            archive_button(len(locked))
        # Documents that failed are offered in their own list.
        if any(job.state == "failed" and job.kind in ("fetch", "reindex") for job in jobs):
            st.button(
                t("jobs.retry"),
                key="retry_jobs",
                icon=":material/refresh:",
                type="tertiary",
                on_click=_retry,
                args=(app, base_id),
            )
        st.button(
            t("jobs.dismiss"),
            key="dismiss_jobs",
            icon=":material/close:",
            type="tertiary",
            on_click=app.jobs.dismiss,
            args=(base_id,),
        )
    # What was simply added stands in the list of documents below.
    rest = [job for job in jobs if job.state != "ready"]
    _rows(sorted(rest, key=lambda job: _OUTCOMES[::-1].index(job.state)))


def _rows(jobs: Sequence[Job]) -> None:
    failed = sum(job.state == "failed" for job in jobs)
    shown = jobs[: max(_SHOWN, min(failed + 1, 30))]
    for job in shown:
        st.markdown(f"{_ICONS[job.state]} {plain(job.name)}  \n:small[{_outcome(job)}]")
    if len(jobs) > len(shown):
        st.caption(t("jobs.more", count=len(jobs) - len(shown)))


def _outcome(job: Job) -> str:
    if job.error is not None:
        message, hint = describe(job.error)
        return f":red[{plain(message)}] :gray[{plain(hint)}]"
    if job.state == "running":
        known = job.stage in (*_STAGES, "reindex")
        parts = [t(f"jobs.stage_{job.stage}" if known else "jobs.stage_running")]
        if job.total:
            parts.append(t("jobs.count", done=job.done, total=job.total))
        return f":gray[{' '.join(parts)}]"
    parts = [t(f"jobs.{job.state}")]
    if job.page_count:
        parts.append(t("jobs.pages", count=job.page_count))
    if job.chunk_count:
        parts.append(t("jobs.chunks", count=job.chunk_count))
    return f":gray[{' · '.join(parts)}]"
