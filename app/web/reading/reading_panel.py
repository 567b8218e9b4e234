"""The reading view: headline, images, marks and findings of one series."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.components.viewer import ViewerData
from app.web.components.viewer.component import Mark, Preset, PriorData
from app.web.context import context
from app.web.owner.models_at_hand import card_of
from app.web.reading.place import Place
from app.web.reading.table import findings_table
from app.web.security.access import may
from app.web.security.browser_key import holder
from app.web.security.identity import allowed, present_reader
from app.web.security.secrets import patient_secret
from app.web.words import Words
from medical.ct.write_nifti import NIFTI_FROM_LPS
from medical.detection.findings import SeriesFindings
from medical.detection.searched import is_partly_searched
from medical.errors import InputError
from medical.plain_text import as_markdown
from medical.report.limits import detection_limits
from medical.report.text import limit_lines
from medical.report.words.labels import Labels
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.review.reading import ReadFinding, StudyReading
from medical.scoring.viewer_images import prepare_images
from medical.store.series import KeptSeries, note_images

_WINDOWS = (("lung", -600, 1500), ("mediastinum", 40, 400), ("bone", 400, 1800))
_UNMEASURED_MM = 8.0  # of the ring round a place where nobody has measured anything yet
_TEXTS = (
    *("axial", "coronal", "sagittal", "slice", "loading", "convention", "research"),
    *("slab", "slab_off", "slab_mip", "slab_mean", "slab_minip", "heat", "no_heat"),
    *("distance", "keys", "this_ct"),
)


def series_viewer(
    folder: ResultFolder,
    images: ViewerImages,
    findings: list[ReadFinding],
    place: Place,
    maps: dict[int, Path],
    prior: PriorData | None,
    words: Words,
) -> ViewerData:
    """Return the viewer's data for a series of the store, bound to this browser."""
    return viewer_data(
        findings,
        images,
        place,
        url=volume_url(folder.images_file),
        heatmaps={number: volume_url(path) for number, path in maps.items()},
        prior=prior,
        words=words,
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
    words: Words,
) -> ViewerData:
    """All that the viewer needs, a few kilobytes."""
    presets: list[Preset] = [
        {
            "name": words(name),
            "range": f"{level} / {width}".replace("-", "−"),
            "low": level - width // 2,
            "high": level + width // 2,
        }
        for name, level, width in _WINDOWS
    ]
    return {
        "url": url,
        "niftiFromLps": NIFTI_FROM_LPS,
        "zFromLps": list(images.z_from_lps),
        "sliceNumbers": images.slice_numbers,
        "findings": marks_of(findings),
        "heatmaps": heatmaps,
        "prior": prior,
        "goTo": place.order_for_viewer(),
        "presets": presets,
        "table": findings_table(findings, words),
        "words": {**{text: words(text) for text in _TEXTS}, "failed": words("load_failed")},
    }


def marks_of(findings: Sequence[ReadFinding]) -> list[Mark]:
    """Return findings as the viewer draws them."""
    return [
        {
            "id": one.number,
            "centerLpsMm": one.measured.center_lps_mm,
            "diameterMm": one.diameter_mm or _UNMEASURED_MM,
            "verdict": one.verdict,
        }
        for one in findings
    ]


def headline(
    reading: StudyReading, scored: SeriesFindings, findings: list[ReadFinding], words: Words
) -> None:
    """Show what was found, by what, and how far the reading is."""
    st.html(headline_html(reading, scored, findings, words))


def headline_html(
    reading: StudyReading, scored: SeriesFindings, findings: list[ReadFinding], words: Words
) -> str:
    """Render the headline as HTML."""
    count = sum(one.origin == "model" for one in findings)
    limits = ""
    if count == 0:
        title = words("negative_in_part" if is_partly_searched(scored) else "negative")
        found = detection_limits(
            card_of(scored.model, scored.operating_point), scored.operating_point
        )
        labels = Labels(words.language)
        lines = limit_lines(found, labels)[1:]  # the title says the first
        if scored.searched is None:
            lines = (labels("searched_unknown"), *lines)
        limits = f'<div class="starlung-note">{html.escape(" ".join(lines))}</div>'
    else:
        title = words("findings_count", count=count)
    trace = words(
        "trace",
        model=scored.model.name,
        version=scored.model.version,
        point=f"{scored.operating_point:.2f}",
        samples=scored.samples,
    )
    status = reading.study.status
    return (
        f'<div class="starlung-head"><b>{reading.study.label}'
        f'<i class="starlung-state {status}">{words(f"state_{status}")}</i>'
        f"{html.escape(title)}</b><span>{html.escape(trace)}</span></div>{limits}"
    )


def images_of(source: Path, series: KeptSeries, words: Words) -> ViewerImages | None:
    """Return the images beside a result, prepared now if they can be; else ask where they are."""
    folder = series.folder
    images = folder.read_images()
    if images is not None:
        return images
    sample = context().settings.sample_dir
    for place in (source, sample):
        if not place.exists() or place == folder.path or place in folder.path.parents:
            continue
        with st.spinner(words("preparing_images")):
            prepare_images(place, folder, series.scored, secret=_secret())
        note_images(context().store, folder.path)  # now it may be an earlier CT of another study
        images = folder.read_images()
        if images is not None:
            return images
    _ask_for_images(series, words)
    return None


def _secret() -> bytes:
    return patient_secret(context().settings.work_dir)


def _ask_for_images(series: KeptSeries, words: Words) -> None:
    folder = series.folder
    if not may(present_reader(context().settings), "name_folder"):
        st.info(words("no_images_for_readers"))
        return
    st.info(words("no_images"))
    text = st.text_input(words("images_folder"))
    if st.button(words("show_images")) and text.strip():
        allowed("name_folder")
        given = Path(text.strip()).expanduser()
        try:
            with st.spinner(words("preparing_images")):
                prepare_images(given, folder, series.scored, secret=_secret())
            note_images(context().store, folder.path)
        except InputError as error:
            st.error(as_markdown(str(error)))
            return
        if folder.read_images() is not None:
            st.rerun()
        st.error(words("no_images"))
