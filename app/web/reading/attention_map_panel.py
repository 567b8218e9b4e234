"""What the attention map is, what it is not, and the checks it passed; has missing maps made.

``FIGURES`` holds what docs/benchmarks/explain.md printed for "attention in mask" on inserted
nodules; a test compares it with the page, so that a new run of the benchmark cannot leave old
figures here.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.web.components.watch import watch
from app.web.context import context
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
            "Checks that the method passed with {model}, on {nodules} inserted into copies of "
            "{lungs} not seen in training:",
            model=MODEL,
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
    caption, make = st.columns([8, 2], vertical_alignment="center")
    caption.caption(gettext("This result has no attention maps yet."))
    if make.button(gettext("Compute attention maps"), width="stretch"):
        allowed("make_maps")
        request_job(store, wanted)
        st.rerun()


def maps_of(folder: ResultFolder, findings: Sequence[ReadFinding]) -> dict[int, Path]:
    """Return number and map of each finding that has one; what a reader added has none."""
    return folder.maps(_of_model(findings))


def _of_model(findings: Sequence[ReadFinding]) -> list[int]:
    return [finding.measured.id for finding in findings if isinstance(finding.measured, Finding)]


MODEL, LUNGS = "starlung-base 0.5.0", 3


@dataclass(frozen=True, slots=True)
class MapChecks:
    """Means over findings, shares from 0 to 1; ``gaussian_*`` of a Gaussian at the box."""

    findings: int
    pointing: float
    gaussian_pointing: float
    energy: float
    gaussian_energy: float
    repeatability: float
    random_class: float
    random_box: float


FIGURES = MapChecks(
    findings=24,
    pointing=1.00,
    gaussian_pointing=0.96,
    energy=0.80,
    gaussian_energy=0.64,
    repeatability=0.97,
    random_class=0.05,
    random_box=0.10,
)


def checks_lines() -> list[str]:
    """One sentence a check."""
    f = FIGURES
    return [
        gettext(
            "strongest voxel lies on the nodule: {value} (a plain Gaussian at the box: {baseline})",
            value=f"{f.pointing:.2f}",
            baseline=f"{f.gaussian_pointing:.2f}",
        ),
        gettext(
            "share of the map inside the nodule: {value} (Gaussian: {baseline})",
            value=f"{f.energy:.2f}",
            baseline=f"{f.gaussian_energy:.2f}",
        ),
        gettext(
            "similarity to the map of a network with random weights: {value} for the "
            "score, {box} for the size (must be below 0.5)",
            value=f"{f.random_class:.2f}",
            box=f"{f.random_box:.2f}",
        ),
        gettext(
            "similarity to itself after noise and a shift: {value}", value=f"{f.repeatability:.2f}"
        ),
    ]
