"""Bases that an earlier version of the app indexed are indexed anew by themselves."""

from kb_app.models import Notice
from kb_app.services.documents.intake import Repositories
from kb_app.services.documents.versions import is_outdated
from kb_app.services.notices import Notices
from kb_app.storage.jobs import NewJob


def renew_outdated(repositories: Repositories, notices: Notices) -> None:
    """Queue a re-index of each base whose index another version made, unless one waits already, and say so.

    Its embedder stays, so that nobody is asked whether it can be reached; the old index answers until the job is done.
    Files that wait to be added come after it, for they do not fit the old one. One that failed is tried again at each
    start. Nothing is said of the files of a conversation, which no list shows.
    """
    renewing = {job.base_id for job in repositories.jobs.active() if job.kind == "reindex"}
    for base in repositories.bases.every():
        if base.chunk_count and is_outdated(base) and base.id not in renewing:
            payload = {"embedder": base.embedder}
            repositories.jobs.forget_failed(base.id, base.name, "reindex")
            repositories.jobs.add([NewJob(base_id=base.id, kind="reindex", name=base.name, payload=payload)])
            repositories.jobs.wait_for_last(base.id)
            if not base.conversation_id:
                notices.add(Notice(key="index_renewed", params={"base": base.name}))
