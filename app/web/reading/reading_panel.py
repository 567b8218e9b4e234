"""The reading view: headline, images and findings of one series."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.components.viewer import ViewerData
from app.web.components.viewer.component import Preset, PriorData, ViewerFinding
from app.web.context import cards, context
from app.web.failures import error_text
from app.web.reading.place import Place
from app.web.reading.table import findings_table
from app.web.security.browsers import holder
from app.web.security.identity import allowed, may, present_reader
from app.web.security.secrets import patient_secret
from app.web.words import gettext, ngettext, words
from medical.detection.findings import SeriesFindings
from medical.detection.searched_lungs import is_partly_searched
from medical.errors import InputError
from medical.i18n.messages import Message, message
from medical.io.nifti import NIFTI_FROM_LPS
from medical.plain_text import as_markdown
from medical.report.content import card_of, detection_limits
from medical.report.text import limit_lines
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.review.reading import ReadFinding, StudyReading
from medical.review.terms import REASONS, STATES
from medical.scoring.workers.jobs import prepare_images
from medical.store.series import KeptSeries, note_images
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
        }
        for finding in findings
    ]


def headline(reading: StudyReading, scored: SeriesFindings, findings: list[ReadFinding]) -> None:
    """Show what was found, by what, and how far the reading is."""
    st.html(headline_html(reading, scored, findings))


def headline_html(
    reading: StudyReading, scored: SeriesFindings, findings: list[ReadFinding]
) -> str:
    """Render the headline as HTML."""
    count = sum(finding.origin == "model" for finding in findings)
    limits = ""
    if count == 0:
        title = (
            gettext(
                "No finding in the part that was searched. Not negative: at least one "
                "lung was not searched completely; see the image quality notes."
            )
            if is_partly_searched(scored)
            else gettext("No finding reaches the operating point. This does not rule out a nodule.")
        )
        limits_at_point = detection_limits(
            card_of(cards(), scored.model, scored.operating_point), scored.operating_point
        )
        lines = limit_lines(limits_at_point, words())[1:]  # the title says the first
        if scored.searched is None:
            unknown = gettext(
                "Scored by version 0.5 or earlier: which share of each lung was searched is not "
                "known."
            )
            lines = (unknown, *lines)
        limits = f'<div class="starlung-note">{html.escape(" ".join(lines))}</div>'
    else:
        title = ngettext(
            "{count} finding at or above the operating point",
            "{count} findings at or above the operating point",
            count,
        )
    trace = gettext(
        "Model {model} {version} · operating point {point:.3g} · {samples}",
        model=scored.model.name,
        version=scored.model.version,
        point=scored.operating_point,
        samples=ngettext(
            "{count} Monte-Carlo sample", "{count} Monte-Carlo samples", scored.samples
        ),
    )
    status = reading.study.status
    state = words().among(STATES, status)
    return (
        f'<div class="starlung-head"><h1>{reading.study.label}'
        f'<i class="starlung-state {status}">{state}</i>'
        f"{html.escape(title)}</h1><span>{html.escape(trace)}</span></div>{limits}"
    )


def images_of(source: Path, series: KeptSeries) -> ViewerImages | None:
    """Return the images beside a result, prepared now if they can be; else ask where they are."""
    folder = series.folder
    images = folder.read_images()
    if images is not None:
        return images
    sample = context().settings.sample_dir
    for place in (source, sample):
        if not place.exists() or place == folder.path or place in folder.path.parents:
            continue
        with st.spinner(gettext("Preparing the images …")):
            prepare_images(place, folder, series.scored, secret=_secret())
        note_images(context().store, folder.path)  # now it may be an earlier CT of another study
        images = folder.read_images()
        if images is not None:
            return images
    _ask_for_images(series)
    return None


def _secret() -> bytes:
    return patient_secret(context().settings.work_dir)


def _ask_for_images(series: KeptSeries) -> None:
    folder = series.folder
    if not may(present_reader(context().settings), "name_folder"):
        st.info(
            gettext(
                "The images of this series are not available. Ask an administrator to "
                "enter their folder."
            )
        )
        return
    st.info(
        gettext(
            "The images of this series are not available. Enter the study's folder to see them."
        )
    )
    text = st.text_input(gettext("Folder with the images"))
    if st.button(gettext("Show images")) and text.strip():
        allowed("name_folder")
        given = Path(text.strip()).expanduser()
        try:
            with st.spinner(gettext("Preparing the images …")):
                prepare_images(given, folder, series.scored, secret=_secret())
            note_images(context().store, folder.path)
        except InputError as error:
            st.error(as_markdown(error_text(error)))
            return
        if folder.read_images() is not None:
            st.rerun()
        st.error(
            gettext(
                "The images of this series are not available. Enter the study's folder to see them."
            )
        )
