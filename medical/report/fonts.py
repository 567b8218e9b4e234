"""A font that can write Chinese, if this machine has one: none is shipped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

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
def chinese_font() -> Path | None:
    """The file of the first font found that holds simplified Chinese."""
    from matplotlib import font_manager

    for name in _CHINESE:
        try:
            return Path(font_manager.findfont(name, fallback_to_default=False))
        except ValueError:
            continue
    return None
