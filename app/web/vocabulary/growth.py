"""Words of the comparison with an earlier CT: English, Chinese."""

from __future__ import annotations

from medical.report.words.change_labels import VERDICTS

WORDS: dict[str, tuple[str, str]] = {
    "compare_with": ("Compare with an earlier CT", "与既往 CT 对比"),
    "prior_days": ("{days} {days:day|days} earlier", "早 {days} 天"),
    "prior_unknown_day": ("date not known", "日期未知"),
    "prior_same": ("same patient ID", "患者编号相同"),
    "prior_unsure": ("patient not known", "患者未知"),
    "prior_check": (
        "The images do not say that both CTs are of the same patient: make sure yourself.",
        "图像信息未表明两次 CT 属于同一患者：请自行核实。",
    ),
    "registering": (
        "The two CTs are being laid over each other; go on reading.",
        "正在配准两次 CT；可继续阅片。",
    ),
    "prior_images_gone": (
        "The images of {label} are no longer where they were.",
        "{label} 的图像已不在原处。",
    ),
    "register_again": ("Try again", "重试"),
    "register_failed": ("No comparison: {problem}", "无法对比：{problem}"),
    "not_laid_over": (
        "the two CTs could not be laid over each other. Is it a chest CT of the same patient?",
        "两次 CT 无法配准。是否为同一患者的胸部 CT？",
    ),
    "growth": ("Growth since {label}", "与 {label} 相比的生长"),
    "growth_note": (
        "Found again by affine registration (correlation {likeness}); places agree within some "
        "millimetres. Sizes are the model's, with 95 % intervals; a reader's own diameters are not "
        "compared. Intervals take the two measures as independent.",
        "通过仿射配准匹配（相关系数 {likeness}），位置误差约数毫米。大小为模型测量值，附 95% 区间；"
        "不比较阅片者自测的直径。区间假定两次测量相互独立。",
    ),
    "report_compared": (
        "With the change since {label}, as on this page.",
        "包含与 {label} 相比的变化，与本页一致。",
    ),
    "growth_days": ("Days between the two CTs", "两次 CT 间隔天数"),
    "growth_none": (
        "No nodule is found in both CTs.",
        "两次 CT 中没有匹配的结节。",
    ),
    "col_prior_number": ("Earlier no.", "既往编号"),
    "col_diameter_change": ("Diameter, mm", "直径，mm"),
    "col_volume_change": ("Volume, mm³", "体积，mm³"),
    "col_doubling": ("Volume doubling time, days", "体积倍增时间，天"),
    "col_verdict": ("Change", "变化"),
    **VERDICTS,
    "no_doubling": ("no bound", "无法界定"),
    "needs_days": ("needs the days between", "需要间隔天数"),
    "halving": ("{days} (halving)", "{days}（减半）"),
    "unsized": (
        "At one place, but not measured by the model in both CTs (now – earlier): {numbers}.",
        "位置相同，但模型未在两次 CT 中都测量（现在 – 既往）：{numbers}。",
    ),
    "unmatched_now": (
        "Without a partner in the earlier CT (new, or not found then): {numbers}.",
        "在既往 CT 中无对应（新发或当时未检出）：{numbers}。",
    ),
    "unmatched_then": (
        "Earlier findings without a partner now (gone, or not found): {numbers}.",
        "既往发现现无对应（消失或未检出）：{numbers}。",
    ),
}
