"""What the viewer of a series is given: its CT, findings, words, and where it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.components.viewer import ViewerData
from app.web.components.viewer.component import Line, Preset, PriorData, ViewerFinding
from app.web.context import context
from app.web.reading.deciding.decision_fields import diameter_line
from app.web.reading.place import Place
from app.web.reading.table import findings_table
from app.web.security.browsers import holder
from app.web.words import words
from medical.i18n.messages import Message, message
from medical.io.nifti import NIFTI_FROM_LPS
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.review.reading import ReadFinding
from medical.review.terms import REASONS
from medical.store.tables import Study

_WINDOWS = (
    (message("Lung"), -600, 1500),
    (message("Mediastinum"), 40, 400),
    (message("Bone"), 400, 1800),
)
_UNMEASURED_MM = 8.0  # of the ring round a place where nobody has measured anything yet
_VIEWER_TEXTS: dict[str, Message] = {
    "axial": message("Axial"),
    "coronal": message("Coronal"),
    "sagittal": message("Sagittal"),
    "slice": message("Slice"),
    "loading": message("Loading the images …"),
    "convention": message(
        "Radiological convention: the patient's right is on the left of the screen"
    ),
    "research": message("Research use only – not for diagnosis or treatment"),
    "slab": message("Slab"),
    "slab_off": message("Slab off"),
    "slab_mip": message("maximum (MIP)"),
    "slab_mean": message("mean"),
    "slab_minip": message("minimum (MinIP)"),
    "heat": message("Attention map"),
    "no_heat": message("No attention map for the selected finding."),
    "crosshair": message("Crosshair"),
    "distance": message("Distance|D"),
    "rectangle": message("Rectangle: mean and deviation|R"),
    "ellipse": message("Ellipse: mean and deviation|E"),
    "zoom": message("Zoom|Ctrl + wheel"),
    "pan": message("Move the picture|Shift + drag"),
    "fit": message("Fit to the stage|F"),
    "one_to_one": message("One voxel a pixel|O"),
    "invert": message("Invert|I"),
    "close_up": message("Close-up of the finding|C"),
    "cine": message("Play the slices|Space"),
    "key_image": message("Save as key image|K"),
    "three": message("Three planes|L"),
    "one": message("One plane|L"),
    "prior": message("Beside the earlier CT|L"),
    "pointer": message("pointer"),
    "more": message("Scroll for more findings"),
    "not_loaded": message("not loaded yet"),
    "saving": message("Being saved: {numbers}"),
    "use_as_diameter": message("Use {size} mm as diameter of finding {number}"),
    "why_rejected": message("Reject finding {number} because:"),
    "window_limits": message("The width must be 2 to 8000 HU, the level −2000 to 4000 HU."),
    "keys_name": message("Keys"),
    "keys": message(
        "N P finding · A accept · X reject · U undo · S sign\n"
        "↑ ↓ wheel: slice · Page ↑ ↓: five · Home End: first, last · Space: play, + − faster\n"
        "1 2 3 window · right button: window · I invert · M [ ] slab · H attention map\n"
        "Ctrl + wheel, both buttons: zoom · Shift + drag, middle button: move · F fit · O 1:1\n"
        "double click, L: layout · C close-up · D distance · R rectangle · E ellipse · Esc clear\n"
        "K key image"
    ),
    "this_ct": message("This CT"),
    "failed": message(
        "The images could not be shown. Reload the page; if that does not help, check that this "
        "browser has WebGL 2."
    ),
}


def series_viewer(
    folder: ResultFolder,
    images: ViewerImages,
    findings: list[ReadFinding],
    place: Place,
    maps: dict[int, Path],
    prior: PriorData | None,
    *,
    study: Study,
    can_decide: bool,
    heard: int,
) -> ViewerData:
    """Return the viewer's data for a series of the store, bound to this browser."""
    return viewer_data(
        findings,
        images,
        place,
        study=study,
        can_decide=can_decide,
        heard=heard,
        url=volume_url(folder.images_file),
        heatmaps={number: volume_url(path) for number, path in maps.items()},
        prior=prior,
    )


def volume_url(path: Path) -> str:
    """Return the signed address of a compressed volume, good in this browser only."""
    return context().volumes.url(path, holder=holder(dict(st.context.cookies)))


def viewer_data(
    findings: list[ReadFinding],
    images: ViewerImages,
    place: Place,
    *,
    url: str,
    heatmaps: dict[int, str],
    prior: PriorData | None,
    study: Study,
    can_decide: bool,
    heard: int,
) -> ViewerData:
    """All that the viewer needs, a few kilobytes."""
    presets: list[Preset] = [
        {
            "name": words().translate(name),
            "range": f"{level} / {width}".replace("-", "−"),
            "low": level - width // 2,
            "high": level + width // 2,
        }
        for name, level, width in _WINDOWS
    ]
    return {
        "url": url,
        "label": study.label,
        "study": study.key,
        "niftiFromLps": NIFTI_FROM_LPS,
        "zFromLps": list(images.z_from_lps),
        "sliceNumbers": images.slice_numbers,
        "findings": viewer_findings(findings),
        "heatmaps": heatmaps,
        "prior": prior,
        "goTo": place.order_for_viewer(),
        "presets": presets,
        "table": findings_table(findings),
        "words": {name: words().translate(text) for name, text in _VIEWER_TEXTS.items()},
        "reasons": [words().translate(reason) for reason in REASONS],
        "canDecide": can_decide,
        "heard": heard,
    }


def viewer_findings(findings: Sequence[ReadFinding]) -> list[ViewerFinding]:
    """Return findings as the viewer draws them."""
    return [
        {
            "id": finding.number,
            "row": finding.id,
            "version": finding.version,
            "centerLpsMm": finding.measured.center_lps_mm,
            "diameterMm": finding.diameter_mm or _UNMEASURED_MM,
            "verdict": finding.verdict,
            "line": _line(finding),
        }
        for finding in findings
    ]


def _line(finding: ReadFinding) -> Line | None:
    line = diameter_line(finding)
    if line is None:
        return None
    return {"plane": line.plane, "from_lps_mm": line.from_lps_mm, "to_lps_mm": line.to_lps_mm}
