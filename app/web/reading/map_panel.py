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
from app.web.words import gettext, ngettext, words
from medical.detection.findings import Finding
from medical.plain_text import as_markdown
from medical.results.folder import ResultFolder
from medical.review.reading import ReadFinding
from medical.store.jobs import JobRequest, job_state, request_job

_LOOK_AGAIN_SECONDS = 1.5


def map_panel(folder: ResultFolder, findings: list[ReadFinding]) -> None:
    """Show the words; where maps are missing, offer to have them made."""
    with st.expander(gettext("Why: the attention map")):
        checks = "".join(f"<li>{html.escape(line)}</li>" for line in checks_lines())
        what = gettext(
            "What it is: where the first stage's attention raised this finding's score, kept "
            "inside the outline that the refinement stage drew. Yellow is the strongest voxel of "
            "this finding, dark red a twentieth of it; colours of two findings cannot be compared."
        )
        limits = gettext(
            "It is not evidence of malignancy, and it does not show that the finding is right: a "
            "false positive gets a map too. The refinement stage decides together with the first "
            "and is not explained."
        )
        head = gettext(
            "Checks that the method passed, on {nodules} inserted into copies of {lungs} not seen "
            "in training (the method was chosen on the same lungs, so these figures are kinder "
            "than new lungs would be):",
            nodules=ngettext("{count} nodule", "{count} nodules", FIGURES.findings),
            lungs=ngettext("{count} lung", "{count} lungs", LUNGS),
        )
        what, limits, head = map(html.escape, (what, limits, head))
        st.html(
            f'<div class="starlung-why"><p>{what}</p><p><b>{limits}</b></p>'
            f"<p>{head}</p><ul>{checks}</ul></div>"
        )
    missing = len(maps_of(folder, findings)) < len(_of_model(findings))
    if missing and folder.read_images() is not None:
        _missing(folder, findings)


def _missing(folder: ResultFolder, findings: list[ReadFinding]) -> None:
    store, wanted = context().store, JobRequest("explain", folder.path, folder.path)

    def state() -> str:
        return f"{job_state(store, wanted)} {len(maps_of(folder, findings))}"

    seen = state()
    job = job_state(store, wanted)
    if job is not None and job.is_waited_for:
        st.info(
            gettext("Computing the attention maps. You can keep reading; they appear when ready.")
        )
        watch(f"maps-{folder.path}", state, seen, seconds=_LOOK_AGAIN_SECONDS)
        return
    if job is not None and job.status == "failed":
        st.warning(
            gettext(
                "The attention maps could not be computed: {problem}",
                problem=as_markdown(words().translate(job.failure)),
            )
        )
    said, make = st.columns([8, 2], vertical_alignment="center")
    said.caption(gettext("This result has no attention maps yet."))
    if make.button(gettext("Compute attention maps"), width="stretch"):
        allowed("make_maps")
        request_job(store, wanted)
        st.rerun()


def maps_of(folder: ResultFolder, findings: Sequence[ReadFinding]) -> dict[int, Path]:
    """Return number and map of each finding that has one; what a reader added has none."""
    return folder.maps(_of_model(findings))


def _of_model(findings: Sequence[ReadFinding]) -> list[int]:
    return [one.measured.id for one in findings if isinstance(one.measured, Finding)]
