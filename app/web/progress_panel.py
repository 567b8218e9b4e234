"""While a study is scored: which stage runs, and how far it is."""

from __future__ import annotations

import streamlit as st

from app.web.jobs import STAGES, Job
from app.web.session import Session, session
from app.web.words import Words


def progress_panel(words: Words) -> None:
    """Show the running job until it ends, then show its result."""
    st.fragment(_watch, run_every=0.7)(words)


def _watch(words: Words) -> None:
    reader = session()
    job = reader.job
    if job is None:
        return
    if job.finished:
        _conclude(reader, job, words)
        st.rerun()
    running = job.state == "running"
    step = STAGES.index(job.stage)
    title = words("scoring") if running else words("waiting")
    st.markdown(f"**{title}** – {job.source.name}")
    st.progress(
        min(1.0, (step + job.fraction) / len(STAGES)),
        text=words("step", step=step + 1, steps=len(STAGES)),
    )
    for number, stage in enumerate(STAGES):
        state = "done" if number < step else "now" if number == step and running else ""
        sign = {"done": "✓", "now": "▸"}.get(state, "·")
        share = f" {job.fraction:.0%}" if state == "now" and job.fraction else ""
        st.html(
            f'<div class="starlung-stage {state}">{sign} {words("stage_" + stage)}{share}</div>'
        )
    if st.button(words("cancel")):
        job.cancel()
        reader.tell()
        st.rerun()


def _conclude(reader: Session, job: Job, words: Words) -> None:
    errors = tuple(words("not_scored", error=error) for error in job.errors)
    if job.state == "done":
        reader.show(job.result, source=job.source, notices=errors)
    elif job.state == "failed":
        reason = words(job.failure, log=job.folder / "log.txt")
        reader.tell(*(errors or (reason,)))
    else:
        reader.tell()
