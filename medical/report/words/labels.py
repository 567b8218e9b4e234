"""The report's words, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from medical.counts import fill
from medical.nodule.guidelines.rules import NotApplicable, RuleResult
from medical.nodule.location_words import translate_location
from medical.report.words.change_labels import CHANGE
from medical.report.words.guideline_labels import GUIDELINES
from medical.report.words.reasons import reason_in
from medical.report.words.rule_labels import category_text, missing_text, reason_text, result_text

Language = Literal["en", "zh"]

# density types and places: the page says them in the same words
TERMS: dict[str, tuple[str, str]] = {
    "solid": ("solid", "实性"),
    "part-solid": ("part-solid", "部分实性"),
    "ground-glass": ("ground-glass", "磨玻璃"),
    "calcified": ("calcified", "钙化"),
    "cavitary": ("cavitary (air inside)", "空洞性（内部含气）"),
    "left": ("left", "左"),
    "right": ("right", "右"),
    "upper": ("upper", "上"),
    "middle": ("middle", "中"),
    "lower": ("lower", "下"),
    "zone": ("zone", "区"),
    "side uncertain": ("side uncertain", "侧别不确定"),
    "searched_in_part": (
        "Not negative: of the left lung {left}, of the right lung {right} were searched.",
        "并非阴性结果：左肺搜索了 {left}，右肺搜索了 {right}。",
    ),
    "searched_unknown": (
        "Scored by version 0.5 or earlier: which share of each lung was searched is not known.",
        "由 0.5 或更早版本分析：每侧肺被搜索的比例未知。",
    ),
    "not_known": ("an unknown share", "未知比例"),
}

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Chest CT: lung nodules", "胸部 CT：肺结节"),
    "research": (
        "Research use only – not for diagnosis or treatment",
        "仅供研究使用 – 不得用于诊断或治疗",
    ),
    "draft": ("DRAFT – not signed", "草稿 – 未签署"),
    "signed": ("Signed by {name}, {at}", "由 {name} 于 {at} 签署"),
    "examination": ("EXAMINATION", "检查"),
    "study": ("Study {label}, series {series}", "检查 {label}，序列 {series}"),
    "technique": ("TECHNIQUE", "技术"),
    "method": (
        "Nodules marked by {model} {version} (operating point {point:.2f}, {samples} "
        "{samples:sample|samples}) and "
        "decided on by the readers named below.",
        "结节由 {model} {version}（工作点 {point:.2f}，{samples} 次采样）标记，由下列阅片者判定。",
    ),
    "programs": (
        "Scored by StarLung {scored}; reported by StarLung {reported}.",
        "由 StarLung {scored} 分析，由 StarLung {reported} 生成报告。",
    ),
    "version_not_recorded": ("(version not recorded)", "（版本未记录）"),
    "comparison": ("COMPARISON", "对比"),
    "no_comparison": ("None given.", "无。"),
    "quality": ("IMAGE QUALITY", "图像质量"),
    "no_quality": ("Nothing to note.", "无特别提示。"),
    "findings": ("FINDINGS", "所见"),
    "no_findings": ("No nodule was accepted.", "未确认任何结节。"),
    "finding": (
        "{number}. {location}, slice {slice}, LPS {x:.1f}, {y:.1f}, {z:.1f} mm: {density} nodule, "
        "{diameter}{volume}.",
        "{number}. {location}，第 {slice} 层，LPS {x:.1f}, {y:.1f}, {z:.1f} mm：{density}结节，"
        "{diameter}{volume}。",
    ),
    "unmeasured": (
        "{number}. {location}, slice {slice}, LPS {x:.1f}, {y:.1f}, {z:.1f} mm: nodule that nobody "
        "measured, without size and density.",
        "{number}. {location}，第 {slice} 层，LPS {x:.1f}, {y:.1f}, {z:.1f} mm："
        "无人测量的结节，无大小和密度。",
    ),
    "impression_unmeasured": (
        "Accepted as nodules, but not measured: {numbers}.",
        "已确认为结节但未测量：{numbers}。",
    ),
    "by_model": (
        "diameter {size:.1f} mm ({low:.1f}–{high:.1f})",
        "直径 {size:.1f} mm（{low:.1f}–{high:.1f}）",
    ),
    "volume": (
        ", volume {volume:.0f} mm³ ({low:.0f}–{high:.0f})",
        "，体积 {volume:.0f} mm³（{low:.0f}–{high:.0f}）",
    ),
    "volume_by_model": (
        ", volume by the model's own outline, not by this diameter: {volume:.0f} mm³ "
        "({low:.0f}–{high:.0f})",
        "，体积（模型自身勾画，非按此直径）：{volume:.0f} mm³（{low:.0f}–{high:.0f}）",
    ),
    "density_by_reader": ("{density} (reader's)", "{density}（阅片者）"),
    "by_hand": ("diameter {size:.1f} mm (reader's measure)", "直径 {size:.1f} mm（阅片者测量）"),
    "probability": (
        "Probability of a nodule {p} ({interval}).",
        "结节概率 {p}（{interval}）。",
    ),
    "added": ("Added by {name}.", "由 {name} 补充。"),
    "undecided": ("Not decided yet.", "尚未判定。"),
    "accepted_by": ("Accepted by {name}, {at}.", "由 {name} 于 {at} 确认。"),
    "rejected": ("NOT CONFIRMED", "未确认的标记"),
    "rejected_one": (
        "Mark {number}, slice {slice}: {reason} ({name}, {at}).",
        "标记 {number}，第 {slice} 层：{reason}（{name}，{at}）。",
    ),
    "comment": ("Comment: {text}", "备注：{text}"),
    "impression": ("IMPRESSION", "印象"),
    "impression_none": ("No nodule confirmed.", "未确认结节。"),
    "impression_some": (
        "Nodules confirmed: {count}. Largest: finding {number}, {size:.1f} mm, {location}.",
        "确认结节 {count} 个。最大者：所见 {number}，{size:.1f} mm，{location}。",
    ),
    "not_ruled_out": (
        "This does not rule out a nodule.",
        "这不能排除结节的存在。",
    ),
    "least_size": (
        "Nodules smaller than {least:g} mm are seldom marked.",
        "小于 {least:g} mm 的结节很少被标记。",
    ),
    "sensitivity_known": (
        "At its operating point the model found {share} ({low}–{high}) of {nodules} "
        "{nodules:nodule|nodules} "
        "of that size or more, inserted into {scans} held-out {scans:scan|scans} (source: model "
        "card of "
        "{source}); on real nodules or another scanner expect less.",
        "在其工作点上，模型检出植入 {scans} 例留出扫描的 {nodules} 个该大小及以上结节中的 {share}"
        "（{low}–{high}）（来源：{source} 的模型卡）；对真实结节或其他扫描仪预期更低。",
    ),
    "sensitivity_unknown": (
        "The sensitivity of this model at its operating point is not known here.",
        "该模型在其工作点的敏感度在此未知。",
    ),
    "open_left": (
        "Findings not decided: {count}. This report is not complete.",
        "尚有 {count} 个所见未判定：本报告不完整。",
    ),
    "intervals": (
        "Values in brackets are 95 % intervals.",
        "括号内为 95% 区间。",
    ),
    "slice": ("slice {number}", "第 {number} 层"),
    "page": ("Page {number} of {count}", "第 {number} 页，共 {count} 页"),
    **TERMS,
    **CHANGE,
    **GUIDELINES,
}


class Labels:
    """The report's words in one language: ``labels("findings")``.

    Raises:
        KeyError: there is no such word.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._chinese = language == "zh"

    def __call__(self, word: str, **values: object) -> str:
        """Return the text of ``word``, its blanks filled."""
        return fill(WORDS[word][1 if self._chinese else 0], **values)

    def sentences(self, parts: Sequence[str]) -> str:
        """Sentences one after another; Chinese sets no space between them."""
        return ("" if self.language == "zh" else " ").join(parts)

    def result(self, result: RuleResult) -> str:
        """Word what a guideline says, with its rule."""
        return result_text(result, chinese=self._chinese)

    def reason(self, result: NotApplicable) -> str:
        """Why a guideline does not speak."""
        return reason_text(result, chinese=self._chinese)

    def missing(self, missing: tuple[str, ...]) -> str:
        """Name what would have to be known."""
        return missing_text(missing, chinese=self._chinese)

    def category(self, category: str) -> str:
        """Word a category or an advice."""
        return category_text(category, chinese=self._chinese)

    def rejection(self, reason: str) -> str:
        """Word a reader's reason: one of the list in this language, any other as it was typed."""
        return reason_in(reason, chinese=self._chinese)

    def location(self, location: str) -> str:
        """'left upper zone' in this language."""
        return translate_location(location, self, WORDS, chinese=self.language == "zh")
