"""What the attention map is, what it is not, and the checks it passed; makes missing maps."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.web.components.watch import watch
from app.web.context import context
from app.web.heatmaps import lacks_maps, maps_of
from app.web.identity import allowed
from app.web.images import read_images
from app.web.map_checks import FIGURES, LUNGS, checks_lines
from app.web.words import Words
from medical.plain_text import as_markdown
from medical.store.reading import ReadFinding

_LOOK_AGAIN_SECONDS = 1.5


def map_panel(folder: Path, findings: list[ReadFinding], words: Words) -> None:
    """Show the words; where maps are missing, offer to make them in a process."""
    with st.expander(words("why")):
        checks = "".join(f"<li>{html.escape(line)}</li>" for line in checks_lines(words))
        head = html.escape(words("map_checks", findings=FIGURES.findings, lungs=LUNGS))
        st.html(
            f'<div class="starlung-why"><p>{html.escape(words("map_what"))}</p>'
            f"<p><b>{html.escape(words('map_not'))}</b></p><p>{head}</p><ul>{checks}</ul></div>"
        )
    if lacks_maps(folder, findings) and read_images(folder) is not None:
        _missing(folder, findings, words)


def _missing(folder: Path, findings: list[ReadFinding], words: Words) -> None:
    helpers, order = context().helpers, ("explain", str(folder))

    def state() -> str:
        return f"{helpers.state(*order)} {len(maps_of(folder, findings))}"

    seen = state()
    errand = helpers.state(*order)
    if errand is not None and errand.state == "waiting":
        st.info(words("map_making"))
        watch(f"maps-{folder}", state, seen, seconds=_LOOK_AGAIN_SECONDS)
        return
    if errand is not None and errand.state == "failed":
        st.warning(words("map_failed", problem=as_markdown(errand.problem)))
    said, make = st.columns([8, 2], vertical_alignment="center")
    said.caption(words("map_missing"))
    if make.button(words("map_make"), width="stretch"):
        allowed("make_maps")
        helpers.ask(*order)
        st.rerun()
