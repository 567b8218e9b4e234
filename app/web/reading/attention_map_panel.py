"""What the attention map is, what it is not, and how it was checked; has missing maps made.

``FIGURES`` holds what docs/benchmarks/explain.md printed for "attention in mask" on inserted
nodules, and for what it is compared with; a test compares it with the page, so that a new run of
the benchmark cannot leave old figures here.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from app.web.components.watch import watch
from app.web.context import context
from app.web.security.identity import allowed
from app.web.words import gettext, ngettext, words
from medical.detection.findings import Finding
from medical.evaluation.intervals import share_interval
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
            "Checks of the method with {model}, on {nodules} inserted into copies of "
            "{lungs} not seen in training:",
            model=MODEL,
            nodules=ngettext("{count} nodule", "{count} nodules", FIGURES.findings),
            lungs=ngettext("{count} lung", "{count} lungs", LUNGS),
        )
        brackets = gettext("Values in brackets are 95 % intervals.")
        what, limits, head, brackets = map(html.escape, (what, limits, head, brackets))
        st.html(
            f'<div class="starlung-why"><p>{what}</p><p><b>{limits}</b></p>'
            f"<p>{head}</p><ul>{checks}</ul><p>{brackets}</p></div>"
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


MODEL, LUNGS = "starlung-lite", 8
WEIGHTS = "487ae8c9"
"""The beginning of the digest of what was measured: maps ask weights, no calibration, so a model
that is only calibrated anew keeps these figures."""


class Estimate(NamedTuple):
    """A mean over findings with its 95 % interval over draws of lungs."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, slots=True)
class MapChecks:
    """Of the shown map; ``gaussian_*`` of a Gaussian at the box, ``gate_*`` without the outline.

    Args:
        findings: how many maps.
        pointing: whose strongest voxel lies on the nodule.
        gaussian_pointing: the same of the Gaussian.
        energy: share of the map inside the nodule.
        gaussian_energy: the same of the Gaussian.
        gate_energy: the same of the first stage's attention alone.
        insertion: mean probability while the map's voxels come, the strongest first.
        gaussian_insertion: the same of the Gaussian.
        deletion: mean probability while they go.
        gaussian_deletion: the same of the Gaussian.
        repeatability: similarity to the map of the finding seen again.
        random_class: similarity to the map of the score by random weights.
        random_box: the same of the size.
    """

    findings: int
    pointing: int
    gaussian_pointing: int
    energy: Estimate
    gaussian_energy: Estimate
    gate_energy: Estimate
    insertion: Estimate
    gaussian_insertion: Estimate
    deletion: Estimate
    gaussian_deletion: Estimate
    repeatability: Estimate
    random_class: Estimate
    random_box: Estimate


FIGURES = MapChecks(
    findings=32,
    pointing=32,
    gaussian_pointing=32,
    energy=Estimate(0.80, 0.77, 0.83),
    gaussian_energy=Estimate(0.70, 0.68, 0.71),
    gate_energy=Estimate(0.38, 0.31, 0.44),
    insertion=Estimate(0.74, 0.71, 0.77),
    gaussian_insertion=Estimate(0.72, 0.68, 0.76),
    deletion=Estimate(0.23, 0.20, 0.26),
    gaussian_deletion=Estimate(0.24, 0.23, 0.26),
    repeatability=Estimate(0.97, 0.96, 0.98),
    random_class=Estimate(0.01, -0.01, 0.03),
    random_box=Estimate(0.09, 0.06, 0.11),
)


def checks_lines() -> list[str]:
    """One sentence a check."""
    f = FIGURES
    low, high = share_interval(f.pointing, f.findings)
    return [
        gettext(
            "strongest voxel lies on the nodule: {hits} of {findings} {interval} (a plain Gaussian "
            "at the box: {baseline})",
            hits=f.pointing,
            findings=f.findings,
            interval=f"[{low:.2f}, {high:.2f}]",
            baseline=f.gaussian_pointing,
        ),
        gettext(
            "share of the map inside the nodule: {value} (Gaussian: {baseline}; attention without "
            "the outline: {gate})",
            value=str(f.energy),
            baseline=str(f.gaussian_energy),
            gate=str(f.gate_energy),
        ),
        gettext(
            "similarity to the map of a network with random weights: {value} for the "
            "score, {box} for the size (must be below 0.5)",
            value=str(f.random_class),
            box=str(f.random_box),
        ),
        gettext(
            "probability while the map's voxels are added, strongest first: {insertion} (Gaussian: "
            "{more}), while they are removed: {deletion} (Gaussian: {less}); not clearly better",
            insertion=str(f.insertion),
            more=str(f.gaussian_insertion),
            deletion=str(f.deletion),
            less=str(f.gaussian_deletion),
        ),
        gettext(
            "similarity to itself after noise and a shift: {value}", value=str(f.repeatability)
        ),
    ]
