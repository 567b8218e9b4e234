"""What readers ask for and wait for: jobs of the queue that score nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, select

from medical.store.database import Store, lock
from medical.store.tables import Job, JobKind, Status


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job as it is asked for.

    Args:
        kind: ``explain``: attention maps of a result; ``register``: a CT with an earlier one.
        folder: of the result; what is made goes there.
        source: of the earlier result; the same folder where there is none.
    """

    kind: JobKind
    folder: Path
    source: Path


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is; ``failure`` is the reason in a sentence where it failed."""

    status: Status
    failure: str

    @property
    def is_waited_for(self) -> bool:
        """Whether it waits for a worker or is being done."""
        return self.status in ("received", "scoring")


def request_job(store: Store, wanted: JobRequest) -> None:
    """Put a job in line; nothing happens where it waits or is being done already."""
    with store.transaction() as session:
        lock(session.connection())
        job = session.scalars(_query(wanted)).first()
        if job is None:
            job = Job(kind=wanted.kind, folder=str(wanted.folder), source=str(wanted.source))
            session.add(job)
        elif job.status in ("received", "scoring"):
            return
        job.status, job.failure, job.attempts = "received", "", 0
        job.stage, job.fraction, job.received_at = "", 0.0, time.time()


def job_state(store: Store, wanted: JobRequest) -> JobState | None:
    """Tell how far a job is; ``None`` when nobody has asked for it."""
    with store.reading() as session:
        job = session.scalars(_query(wanted)).first()
        return None if job is None else JobState(job.status, job.failure)


def _query(wanted: JobRequest) -> Select[Job]:
    return select(Job).where(
        Job.kind == wanted.kind,
        Job.folder == str(wanted.folder),
        Job.source == str(wanted.source),
    )
