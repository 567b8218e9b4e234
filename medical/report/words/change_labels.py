"""The report's words for a comparison with an earlier CT: English, Chinese."""

from __future__ import annotations

from medical.nodule.growth import INDISTINGUISHABLE

# the page says them in the same words
VERDICTS: dict[str, tuple[str, str]] = {
    "grown": ("grown", "增大"),
    "shrunk": ("shrunk", "缩小"),
    INDISTINGUISHABLE: (INDISTINGUISHABLE, "与测量误差无法区分"),
}

CHANGE: dict[str, tuple[str, str]] = {
    **VERDICTS,
    "compared": (
        "CT of {day}: study {label}, series {series}.",
        "{day} 的 CT：检查 {label}，序列 {series}。",
    ),
    "compared_undated": (
        "An earlier CT of unknown date: study {label}, series {series}.",
        "日期未知的既往 CT：检查 {label}，序列 {series}。",
    ),
    "days_by_dates": ("{days} {days:day|days} earlier.", "早 {days} 天。"),
    "days_by_reader": (
        "{days} {days:day|days} earlier, as the reader says; the images do not.",
        "阅片者称早 {days} 天；图像未说明。",
    ),
    "days_unknown": (
        "The days between the two are not known.",
        "两次 CT 的间隔天数未知。",
    ),
    "patient_unsure": (
        "The images do not say that both CTs are of the same patient.",
        "图像信息未表明两次 CT 属于同一患者。",
    ),
    "change_since": ("CHANGE SINCE {day}", "自 {day} 以来的变化"),
    "change_undated": ("CHANGE SINCE THE EARLIER CT", "与既往 CT 相比的变化"),
    "change_one": (
        "Finding {number}, earlier finding {prior}: {diameter}; {volume}. {doubling}",
        "所见 {number}，既往所见 {prior}：{diameter}；{volume}。{doubling}",
    ),
    "change_diameter": (
        "diameter {before:.1f} mm ({before_low:.1f}–{before_high:.1f}) → "
        "{after:.1f} mm ({after_low:.1f}–{after_high:.1f}), {percent} ({low} to {high}): {verdict}",
        "直径 {before:.1f} mm（{before_low:.1f}–{before_high:.1f}）→ "
        "{after:.1f} mm（{after_low:.1f}–{after_high:.1f}），"
        "{percent}（{low} 至 {high}）：{verdict}",
    ),
    "change_volume": (
        "volume {before:.0f} mm³ ({before_low:.0f}–{before_high:.0f}) → "
        "{after:.0f} mm³ ({after_low:.0f}–{after_high:.0f}), "
        "{percent} ({low} to {high}): {verdict}",
        "体积 {before:.0f} mm³（{before_low:.0f}–{before_high:.0f}）→ "
        "{after:.0f} mm³（{after_low:.0f}–{after_high:.0f}），"
        "{percent}（{low} 至 {high}）：{verdict}",
    ),
    "doubling": (
        "Volume doubling time {days:.0f} {days:day|days} ({low:.0f}–{high:.0f}).",
        "体积倍增时间 {days:.0f} 天（{low:.0f}–{high:.0f}）。",
    ),
    "halving": (
        "Volume halving time {days:.0f} {days:day|days} ({low:.0f}–{high:.0f}).",
        "体积减半时间 {days:.0f} 天（{low:.0f}–{high:.0f}）。",
    ),
    "no_doubling": (
        "The volume doubling time has no bound.",
        "体积倍增时间无法界定。",
    ),
    "no_days": (
        "No volume doubling time: the days between the two CTs are not known.",
        "无体积倍增时间：两次 CT 的间隔天数未知。",
    ),
    "change_none": ("No nodule is found in both CTs.", "两次 CT 中没有匹配的结节。"),
    "change_new": (
        "New, or not found in the earlier CT: finding {numbers}.",
        "新发，或在既往 CT 中未检出：所见 {numbers}。",
    ),
    "change_unsized": (
        "Finding {number} is where earlier finding {prior} was; no change is told, for the model "
        "did not measure both.",
        "所见 {number} 与既往所见 {prior} 位置相同；模型未测量两者，不报告变化。",
    ),
    "change_gone": (
        "No longer seen, or not found now: earlier finding {number}, {location}, {diameter}, "
        "volume {volume:.0f} mm³ ({low:.0f}–{high:.0f}).",
        "现未见，或未检出：既往所见 {number}，{location}，{diameter}，"
        "体积 {volume:.0f} mm³（{low:.0f}–{high:.0f}）。",
    ),
    "change_note": (
        "Matched by affine registration, correlation {likeness:.2f}. Sizes are the model's; a "
        "reader's own diameters and rejected marks are not compared. Intervals take the two "
        "measures as independent.",
        "通过仿射配准匹配，相关系数 {likeness:.2f}。大小为模型测量值；"
        "不比较阅片者自测的直径和已否定的标记。区间假定两次测量相互独立。",
    ),
}
