"""What the attention map is, what it is not, and the checks it passed; makes missing maps."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.components.watch import watch
from app.web.context import context
from app.web.reading.map_checks import FIGURES, LUNGS, checks_lines
from app.web.security.identity import allowed
from app.web.words import Words
from medical.detection.findings import Finding
from medical.plain_text import as_markdown
from medical.results.folder import ResultFolder
from medical.review.reading import ReadFinding
from medical.store.jobs import JobRequest, job_state, request_job

_LOOK_AGAIN_SECONDS = 1.5


def map_panel(folder: ResultFolder, findings: list[ReadFinding], words: Words) -> None:
    """Show the words; where maps are missing, offer to have them made."""
    with st.expander(words("why")):
        checks = "".join(f"<li>{html.escape(line)}</li>" for line in checks_lines(words))
        head = html.escape(words("map_checks", findings=FIGURES.findings, lungs=LUNGS))
        st.html(
            f'<div class="starlung-why"><p>{html.escape(words("map_what"))}</p>'
            f"<p><b>{html.escape(words('map_not'))}</b></p><p>{head}</p><ul>{checks}</ul></div>"
        )
    missing = len(maps_of(folder, findings)) < len(_of_model(findings))
    if missing and folder.read_images() is not None:
        _missing(folder, findings, words)


def _missing(folder: ResultFolder, findings: list[ReadFinding], words: Words) -> None:
    store, wanted = context().store, JobRequest("explain", folder.path, folder.path)

    def state() -> str:
        return f"{job_state(store, wanted)} {len(maps_of(folder, findings))}"

    seen = state()
    job = job_state(store, wanted)
    if job is not None and job.is_waited_for:
        st.info(words("map_making"))
        watch(f"maps-{folder.path}", state, seen, seconds=_LOOK_AGAIN_SECONDS)
        return
    if job is not None and job.status == "failed":
        st.warning(words("map_failed", problem=as_markdown(job.failure)))
    said, make = st.columns([8, 2], vertical_alignment="center")
    said.caption(words("map_missing"))
    if make.button(words("map_make"), width="stretch"):
        allowed("make_maps")
        request_job(store, wanted)
        st.rerun()


def maps_of(folder: ResultFolder, findings: Sequence[ReadFinding]) -> dict[int, Path]:
    """Return number and map of each finding that has one; what a reader added has none."""
    return folder.maps(_of_model(findings))


def _of_model(findings: Sequence[ReadFinding]) -> list[int]:
    return [one.measured.id for one in findings if isinstance(one.measured, Finding)]
