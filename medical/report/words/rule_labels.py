"""The guidelines' rules, advice and reasons in the report's languages: English, Chinese.

The engine speaks English, in the words of the tables; what it says is found here word for word. A
test walks through all that it can say, so a row that is added to a table needs its Chinese here.
"""

from __future__ import annotations

import re

from medical.nodule.guidelines.rules import Fired, NotApplicable, RuleResult

RULES: dict[str, str] = {
    # Lung-RADS v2022
    "no lung nodules": "无肺结节",
    "nodule with benign calcification or fat": "良性钙化或含脂肪结节",
    "juxtapleural nodule < 10 mm, solid, smooth, oval, lentiform or triangular": (
        "胸膜旁结节 < 10 mm，实性，边缘光滑，呈卵圆形、透镜形或三角形"
    ),
    "solid < 6 mm at baseline": "实性，基线 < 6 mm",
    "solid, new, < 4 mm": "实性，新发，< 4 mm",
    "solid ≥ 6 to < 8 mm at baseline": "实性，基线 ≥ 6 至 < 8 mm",
    "solid, new, 4 to < 6 mm": "实性，新发，4 至 < 6 mm",
    "solid ≥ 8 to < 15 mm at baseline": "实性，基线 ≥ 8 至 < 15 mm",
    "solid, growing, < 8 mm": "实性，增大，< 8 mm",
    "solid, new, 6 to < 8 mm": "实性，新发，6 至 < 8 mm",
    "solid ≥ 15 mm at baseline": "实性，基线 ≥ 15 mm",
    "solid, new or growing, ≥ 8 mm": "实性，新发或增大，≥ 8 mm",
    "solid, slow growth over several screening examinations": "实性，多次筛查缓慢生长",
    "part-solid < 6 mm in total at baseline": "部分实性，基线总径 < 6 mm",
    "part-solid ≥ 6 mm in total, solid component < 6 mm, at baseline": (
        "部分实性，基线总径 ≥ 6 mm，实性成分 < 6 mm"
    ),
    "part-solid, new, < 6 mm in total": "部分实性，新发，总径 < 6 mm",
    "part-solid ≥ 6 mm in total, solid component ≥ 6 to < 8 mm, at baseline": (
        "部分实性，基线总径 ≥ 6 mm，实性成分 ≥ 6 至 < 8 mm"
    ),
    "part-solid, new solid component < 4 mm": "部分实性，新发，实性成分 < 4 mm",
    "part-solid, new or growing solid component < 4 mm": ("部分实性，实性成分新发或增大，< 4 mm"),
    "part-solid, solid component ≥ 8 mm at baseline": "部分实性，基线实性成分 ≥ 8 mm",
    "part-solid, new or growing solid component ≥ 4 mm": ("部分实性，实性成分新发或增大，≥ 4 mm"),
    "part-solid, slow growth over several screening examinations": ("部分实性，多次筛查缓慢生长"),
    "non-solid < 30 mm at baseline, new or growing": "磨玻璃，< 30 mm，基线、新发或增大",
    "non-solid, stable or slowly growing": "磨玻璃，稳定或缓慢生长",
    "non-solid ≥ 30 mm at baseline or new": "磨玻璃，≥ 30 mm，基线或新发",
    "non-solid, grown to ≥ 30 mm (note on size thresholds)": (
        "磨玻璃，增大至 ≥ 30 mm（关于大小阈值的注释）"
    ),
    "category 1, unchanged": "1 类，无变化",
    "category 2, unchanged": "2 类，无变化",
    "category 3 lesion, stable or decreased at 6-month follow-up": (
        "3 类病灶，6 个月随访稳定或缩小"
    ),
    "category 4A lesion, stable or decreased at 3-month follow-up": (
        "4A 类病灶，3 个月随访稳定或缩小"
    ),
    # Fleischner 2017
    "no routine follow-up": "无需常规随访",
    "optional CT at 12 months": "可选择 12 个月时复查 CT",
    "CT at 6-12 months, then consider CT at 18-24 months": (
        "6-12 个月复查 CT，然后考虑 18-24 个月复查 CT"
    ),
    "CT at 6-12 months, then CT at 18-24 months": "6-12 个月复查 CT，然后 18-24 个月复查 CT",
    "consider CT at 3 months, PET/CT or tissue sampling": ("考虑 3 个月复查 CT、PET/CT 或组织取样"),
    "CT at 3-6 months, then consider CT at 18-24 months": (
        "3-6 个月复查 CT，然后考虑 18-24 个月复查 CT"
    ),
    "CT at 3-6 months, then CT at 18-24 months": "3-6 个月复查 CT，然后 18-24 个月复查 CT",
    "CT at 6-12 months to confirm persistence, then CT every 2 years until 5 years": (
        "6-12 个月复查 CT 以确认持续存在，然后每 2 年复查 CT 至 5 年"
    ),
    "CT at 3-6 months to confirm persistence; if unchanged and the solid component stays "
    "< 6 mm, annual CT for 5 years": (
        "3-6 个月复查 CT 以确认持续存在；若无变化且实性成分保持 < 6 mm，每年复查 CT 共 5 年"
    ),
    "CT at 3-6 months; if stable, consider CT at 2 and 4 years": (
        "3-6 个月复查 CT；若稳定，考虑 2 年和 4 年复查 CT"
    ),
    "CT at 3-6 months, then by the most suspicious nodule": (
        "3-6 个月复查 CT，随后按最可疑结节处理"
    ),
    "single": "单发",
    "multiple": "多发",
    "solid": "实性",
    "part-solid": "部分实性",
    "ground-glass": "磨玻璃",
    "low risk": "低风险",
    "high risk": "高风险",
}
MISSING: dict[str, str] = {
    "age": "年龄",
    "density": "密度",
    "diameter": "直径",
    "size": "大小",
    "diameter of the solid component": "实性成分直径",
    "pattern of calcification": "钙化形态",
    "prior category": "既往类别",
    "result of the diagnostic work-up": "诊断检查结果",
    "new, growing or stable": "新发、增大或稳定",
    "new, growing or stable solid component": "实性成分新发、增大或稳定",
    "days between the two CTs": "两次 CT 间隔天数",
    "growth within 12 months": "12 个月内的增长",
    "risk of lung cancer (low or high)": "肺癌风险（低或高）",
}
REASONS: dict[str, str] = {
    "not applicable: findings are not decided": "不适用：尚有发现未判定",
    "no category: a nodule cannot be classified": "无类别：有结节无法分类",
    "not applicable: not a screening examination": "不适用：非筛查检查",
    "not applicable: the guideline does not cover calcified nodules": (
        "不适用：该指南不涵盖钙化结节"
    ),
    "not applicable: the guideline does not cover lung cancer screening (use Lung-RADS)": (
        "不适用：该指南不涵盖肺癌筛查（请用 Lung-RADS）"
    ),
    "not applicable: the guideline does not cover patients with known cancer": (
        "不适用：该指南不涵盖已知癌症患者"
    ),
    "not applicable: the guideline does not cover immunosuppressed patients": (
        "不适用：该指南不涵盖免疫抑制患者"
    ),
    "not applicable: the guideline does not cover patients younger than 35 years": (
        "不适用：该指南不涵盖 35 岁以下患者"
    ),
}
_FLEISCHNER = re.compile(r"(single|multiple) (\S+) ([<>≥]? ?[\d-]+ mm)(?:, (low|high) risk)?")


def rule_text(rule: str, *, chinese: bool) -> str:
    """Word a row or an advice of a table in one of the languages.

    Raises:
        KeyError: no table has such words.
    """
    if not chinese:
        return rule
    if rule in RULES:
        return RULES[rule]
    found = _FLEISCHNER.fullmatch(rule)
    if found is None:
        raise KeyError(rule)
    number, density, size, risk = found.groups()
    text = f"{RULES[number]}{RULES[density]} {size}"
    return f"{text}，{RULES[f'{risk} risk']}" if risk else text


def missing_text(missing: tuple[str, ...], *, chinese: bool) -> str:
    """Name what would have to be known."""
    return "、".join(MISSING[name] for name in missing) if chinese else ", ".join(missing)


def reason_text(result: NotApplicable, *, chinese: bool) -> str:
    """Why a guideline does not speak."""
    if not chinese:
        return result.reason
    if result.reason in REASONS:
        return REASONS[result.reason]
    return f"不适用：缺少{missing_text(result.missing, chinese=True)}"


def result_text(result: RuleResult, *, chinese: bool) -> str:
    """``4A (solid ≥ 8 to < 15 mm at baseline)``, or why there is no category."""
    if not isinstance(result, Fired):
        return reason_text(result, chinese=chinese)
    rule = rule_text(result.rule, chinese=chinese)
    name = category_text(result.category, chinese=chinese)
    return f"{name}（{rule}）" if chinese else f"{name} ({rule})"


def category_text(category: str, *, chinese: bool) -> str:
    """Word a Lung-RADS category as it is, an advice in the language."""
    return RULES.get(category, category) if chinese else category
