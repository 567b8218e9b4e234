"""A font that can write Chinese, if this machine has one: none is shipped.

On Debian ``apt-get install fonts-noto-cjk`` brings one; a server that runs must be started again.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache

_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)


@lru_cache(maxsize=1)
def chinese_font() -> str | None:
    """Name, as matplotlib knows it, of the first font found that holds simplified Chinese."""
    from matplotlib.font_manager import fontManager

    found = _first_known()
    if found is None:
        # matplotlib keeps its list of fonts in a file and does not see what was installed later
        listed = {entry.fname for entry in fontManager.ttflist}
        _add_fonts_not_in(listed)
        found = _first_known()
    return found


def _first_known() -> str | None:
    from matplotlib.font_manager import fontManager

    known = {entry.name for entry in fontManager.ttflist}
    return next((name for name in _CHINESE if name in known), None)


def _add_fonts_not_in(listed: set[str]) -> None:
    from matplotlib.font_manager import findSystemFonts, fontManager

    for path in findSystemFonts():
        if path not in listed:
            with contextlib.suppress(OSError, RuntimeError):  # a damaged font is not ours to mend
                fontManager.addfont(path)
