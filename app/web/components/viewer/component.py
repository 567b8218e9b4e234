"""What goes into the viewer and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NotRequired, TypedDict

import streamlit as st

from app.web.components.viewer.assets import frontend_url

_LOADER = """
const ready = import(new URL("{url}", window.location.origin).href)
export default function (component) {{
  ready.then((viewer) => viewer.mount(component))
  return () => ready.then((viewer) => viewer.unmount(component.parentElement))
}}
"""


class Line(TypedDict):
    """A distance that was drawn on a plane."""

    plane: str
    from_lps_mm: tuple[float, float, float]
    to_lps_mm: tuple[float, float, float]


class ViewerFinding(TypedDict):
    """One finding to draw: its number, its row in the store, the version of its latest decision.

    ``line`` is the one along which a reader measured its diameter.
    """

    id: int
    row: int
    version: int
    centerLpsMm: tuple[float, float, float]
    diameterMm: float
    verdict: str
    line: Line | None


class Preset(TypedDict):
    """One window: HU from ``low`` to ``high``; ``range`` is how the button writes it."""

    name: str
    range: str
    low: int
    high: int


class Cell(TypedDict):
    """One cell: the value, and its interval or nothing."""

    text: str
    interval: str


class Column(TypedDict):
    """One column's heading."""

    title: str
    note: str


class Row(TypedDict):
    """One finding's row."""

    id: int
    verdict: str
    cells: list[Cell]


class Table(TypedDict):
    """The findings table; ``empty`` is shown in place of rows."""

    columns: list[Column]
    rows: list[Row]
    empty: str


class GoTo(TypedDict):
    """Where Python sends the viewer; obeyed once for each ``order``."""

    finding: int | None
    order: int


class PriorData(TypedDict):
    """An earlier CT beside this one.

    ``affineLps`` takes LPS millimetres of this CT to those of the earlier: three rows of four.
    ``pairs`` says which finding of the earlier CT is which of this one.
    """

    url: str
    caption: str
    findings: list[ViewerFinding]
    affineLps: list[list[float]]
    pairs: dict[int, int]


class ViewerData(TypedDict):
    """Everything the viewer shows, a few kilobytes; the volumes themselves come by ``url``.

    ``zFromLps`` gives the voxel z of an LPS point: three factors and an offset. ``heatmaps`` holds
    the address of each finding's attention map. ``study`` is its key, ``label`` names key images,
    ``reasons`` are those for a rejection, in the page's words. ``heard`` is the latest action that
    was done.
    """

    url: str
    label: str
    study: str
    niftiFromLps: tuple[float, float, float]
    zFromLps: list[float]
    sliceNumbers: list[int]
    findings: list[ViewerFinding]
    heatmaps: dict[int, str]
    prior: PriorData | None
    goTo: GoTo
    presets: list[Preset]
    table: Table
    words: dict[str, str]
    reasons: list[str]
    canDecide: bool
    heard: int


class ViewerAction(TypedDict):
    """What a reader asked for in the viewer, by a key or a button.

    ``kind`` is ``accept``, ``reject``, ``undo``, ``sign``, ``diameter`` or ``key_image``; ``seen``
    the version of the finding that the reader saw, ``finding`` its row, ``next`` the number of the
    finding that the viewer went on to. An action is sent again until it is heard; ``report`` tells
    it from the next and grows.
    """

    kind: str
    study: str
    seen: int
    report: int
    finding: NotRequired[int]
    reason: NotRequired[str]
    next: NotRequired[int | None]
    line: NotRequired[Line]


class Crosshair(NamedTuple):
    """Where the reader went: LPS millimetres, slice number, and the finding if it was one.

    ``report`` differs from click to click, also where two hit the same point.
    """

    lps_mm: tuple[float, float, float]
    slice_number: int
    finding: int | None
    report: int


def show_viewer(
    data: ViewerData, *, key: str, act: Callable[[Sequence[ViewerAction]], None]
) -> Crosshair | None:
    """Draw the viewer; ``None`` until the reader has clicked.

    Args:
        data: what it shows.
        key: of the component.
        act: called, before the page is drawn again, with all that the reader asked for and that
            is not known to be done, in order.

    Raises:
        FrontendMissingError: the bundle is not built.
    """

    def asked() -> None:
        sent: dict[str, list[ViewerAction]] | None = st.session_state[key].get("action")
        if sent:
            act(sent["waiting"])

    viewer = st.components.v2.component("starlung_viewer", js=_LOADER.format(url=frontend_url()))
    result: Any = viewer(
        key=key, data=data, on_crosshair_change=lambda: None, on_action_change=asked
    )
    clicked = result.crosshair
    if not clicked:
        return None
    x, y, z = clicked["lps_mm"]
    return Crosshair((x, y, z), int(clicked["slice_number"]), clicked["finding"], clicked["report"])
