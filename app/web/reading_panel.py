"""The reading view: images, marks and findings of one series."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.web.components.viewer import ViewerData, show_viewer
from app.web.components.viewer.component import Preset
from app.web.context import context
from app.web.guideline_panel import guideline_panel
from app.web.images import ViewerImages, images_file, prepare_images, read_images
from app.web.nifti import NIFTI_FROM_LPS
from app.web.session import Session
from app.web.table import findings_table, millimetres
from app.web.words import Words
from medical.detection.findings import SeriesFindings
from medical.errors import InputError

_WINDOWS = (("lung", -600, 1500), ("mediastinum", 40, 400), ("bone", 400, 1800))


def reading_panel(session: Session, folder: Path, findings: SeriesFindings, words: Words) -> None:
    """Show the series scored in ``folder``."""
    _headline(findings, words)
    images = _images(session, folder, words)
    if images is None:
        _ask_for_images(folder, words)
        return
    data = viewer_data(
        findings, images, url=context().volumes.url(images_file(folder)), words=words
    )
    click = show_viewer(data, key=f"viewer-{findings.series_instance_uid}")
    if click is not None:
        x, y, z = (millimetres(v) for v in click.lps_mm)
        st.caption(words("clicked", slice=click.slice_number, x=x, y=y, z=z))
    guideline_panel(findings, words)


def viewer_data(
    findings: SeriesFindings, images: ViewerImages, *, url: str, words: Words
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
    texts = ("axial", "coronal", "sagittal", "slice", "loading", "convention", "research")
    return {
        "url": url,
        "niftiFromLps": NIFTI_FROM_LPS,
        "zFromLps": list(images.z_from_lps),
        "sliceNumbers": images.slice_numbers,
        "findings": [
            {"id": f.id, "centerLpsMm": f.center_lps_mm, "diameterMm": f.diameter_mm}
            for f in findings.findings
        ],
        "presets": presets,
        "table": findings_table(findings, words),
        "words": {**{text: words(text) for text in texts}, "failed": words("load_failed")},
    }


def _headline(findings: SeriesFindings, words: Words) -> None:
    count = len(findings.findings)
    if count == 0:
        title = words("negative")
    else:
        title = words("findings_one") if count == 1 else words("findings_count", count=count)
    trace = words(
        "trace",
        model=findings.model.name,
        version=findings.model.version,
        point=f"{findings.operating_point:.2f}",
        passes=findings.passes,
    )
    st.html(
        f'<div class="starlung-head"><b>{html.escape(title)}</b>'
        f"<span>{html.escape(trace)}</span></div>"
    )


def _images(session: Session, folder: Path, words: Words) -> ViewerImages | None:
    images = read_images(folder)
    if images is not None:
        return images
    sample = context().settings.sample_dir
    for source in (session.source, sample if sample.is_dir() else None):
        if source is None:
            continue
        with st.spinner(words("preparing_images")):
            prepare_images(source, [folder])
        images = read_images(folder)
        if images is not None:
            return images
    return None


def _ask_for_images(folder: Path, words: Words) -> None:
    st.info(words("no_images"))
    text = st.text_input(words("images_folder"))
    if st.button(words("show_images")) and text.strip():
        try:
            with st.spinner(words("preparing_images")):
                prepare_images(Path(text.strip()).expanduser(), [folder])
        except InputError as error:
            st.error(str(error))
            return
        if read_images(folder) is not None:
            st.rerun()
        st.error(words("no_images"))
