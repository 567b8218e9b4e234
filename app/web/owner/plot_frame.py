"""The frame of the owner's plots: the page's colours and fonts, as PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from app.web.words import page_language
from medical.report.font.embedded import register_plot_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY = "#d7dee6", "#8c99a8"
BLUE, AMBER = "#4fb3cc", "#e0b464"
_GROUND, _GRID = "#0d1116", "#232b35"
_INCHES, _DPI = (6.2, 3.9), 180


def new_figure() -> tuple[Figure, Axes]:
    """Make an empty plot with a grid."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not pyplot: it keeps global state, and pages are drawn in threads.
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained", facecolor=_GROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(color=_GRID, linewidth=0.8)
    plain(axes)
    return figure, axes


def plain(axes: Axes) -> None:
    """Take away ground, ticks and spines; a second y axis needs it too."""
    axes.set_facecolor("none")
    axes.tick_params(colors=GREY, length=0)
    for label in (axes.xaxis.label, axes.yaxis.label):
        if label.get_color() in ("black", "k"):
            label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def settings() -> Any:
    """Fonts and colours within ``with``."""
    import matplotlib

    chinese = page_language() == "zh"
    names = [register_plot_font(), "DejaVu Sans"] if chinese else ["DejaVu Sans"]
    return matplotlib.rc_context(
        {"font.family": names, "font.size": 9, "axes.labelcolor": INK, "text.parse_math": False}
    )


def png(figure: Figure) -> bytes:
    """Render the plot as PNG."""
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()
