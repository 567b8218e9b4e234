"""The report's words for the guidelines: English, Chinese."""

from __future__ import annotations

# the page says them in the same words
ENTERED: dict[str, tuple[str, str]] = {
    "kind_unknown": ("not entered, taken as a first screening CT", "未填写，按首次筛查 CT 处理"),
    "kind_baseline": ("first screening CT", "首次筛查 CT"),
    "kind_follow-up": ("follow-up screening CT", "随访筛查 CT"),
    "kind_incidental": ("CT for another reason", "因其他原因检查的 CT"),
    "sex_F": ("female", "女"),
    "sex_M": ("male", "男"),
    "risk_unknown": ("not known", "未知"),
    "risk_low": ("low", "低"),
    "risk_high": ("high", "高"),
    "history_new": ("new", "新发"),
    "history_growing": ("growing", "增大"),
    "history_slow-growing": ("slow-growing", "缓慢生长"),
    "history_stable": ("stable", "稳定"),
    "calcification_benign": ("Benign pattern of calcification.", "良性钙化形态。"),
    "calcification_not benign": ("No benign pattern of calcification.", "非良性钙化形态。"),
    "density_note": (
        "Density by the model: not validated on real nodules in whole scans. On cut-outs of real "
        "LIDC nodules it named {agreed} % of {nodules} as radiologists do; part-solid and "
        "ground-glass ones are the least certain. Check it before a category is relied on.",
        "密度由模型判定：未在完整扫描的真实结节上验证（not validated on real nodules）。"
        "在真实 LIDC 结节的切块上，{nodules} 个中有 {agreed} % 与放射科医师一致；"
        "部分实性和磨玻璃结节最不确定。采用类别之前请先核对。",
    ),
    "not_excluded": ("{result}, but {others} cannot be excluded", "{result}，但不能排除 {others}"),
    "or": (" or ", " 或 "),
}

GUIDELINES: dict[str, tuple[str, str]] = {
    **ENTERED,
    "guidelines": ("GUIDELINES", "指南"),
    "guideline_row": (
        "Finding {number}: Lung-RADS {lung_rads}. Fleischner {fleischner}.",
        "所见 {number}：Lung-RADS {lung_rads}。Fleischner {fleischner}。",
    ),
    "lung_rads": (
        "Lung-RADS v2022 ({kind}): {result}, by finding {number}.",
        "Lung-RADS v2022（{kind}）：{result}，依据所见 {number}。",
    ),
    "lung_rads_none": (
        "Lung-RADS v2022 ({kind}): {result}.",
        "Lung-RADS v2022（{kind}）：{result}。",
    ),
    "lung_rads_not": ("Lung-RADS v2022: {reason}.", "Lung-RADS v2022：{reason}。"),
    "lung_rads_open": (
        "Lung-RADS v2022: {reason}. Missing: {nodules}.",
        "Lung-RADS v2022：{reason}。缺少：{nodules}。",
    ),
    "unclassified": ("finding {number}: {missing}", "所见 {number}：{missing}"),
    "list": ("; ", "；"),
    "unknown": ("not known", "未知"),
    "by_reader": (" (entered by a reader)", "（阅片者填写）"),
    "by_header": (" (by the images' header)", "（来自图像头信息）"),
    "entered_kind": ("Examination: {kind}.", "检查类型：{kind}。"),
    "entered_age": ("Age: {value}{source}.", "年龄：{value}{source}。"),
    "entered_sex": ("Sex: {value}{source}.", "性别：{value}{source}。"),
    "entered_risk": ("Risk of lung cancer: {risk}.", "肺癌风险：{risk}。"),
    "entered_cancer": ("Known cancer.", "已知癌症。"),
    "entered_suppressed": ("Immunosuppressed.", "免疫抑制。"),
    "entered_solid": (
        "Solid component {size:.1f} mm (reader's measure).",
        "实性成分 {size:.1f} mm（阅片者测量）。",
    ),
    "entered_history": ("{history}, by the reader.", "阅片者判定：{history}。"),
    "entered_prior": (
        "Category of the earlier examination: {category}.",
        "既往检查类别：{category}。",
    ),
}
