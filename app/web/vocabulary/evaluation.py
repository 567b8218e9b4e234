"""Words of an evaluation on the model's page: English, Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "evaluation": ("Evaluation", "评估"),
    "evaluation_folder": (
        "Folder on this machine that `starlung evaluate --out` wrote",
        "本机上由 `starlung evaluate --out` 写出的文件夹",
    ),
    "evaluation_note": (
        "Drawn from the numbers in evaluation.json, which does not say which model made the marks "
        "nor on which scans: the one who ran it knows.",
        "根据 evaluation.json 中的数字绘制；该文件未说明标记由哪个模型给出、来自哪些扫描："
        "由运行者确认。",
    ),
    "evaluation_empty": (
        "The evaluation counts no reference nodule: there is no sensitivity to draw.",
        "该评估没有参考结节：无敏感度可绘制。",
    ),
    "figure_cpm": ("CPM, mean of seven sensitivities", "CPM，七点平均敏感度"),
    "figure_sensitivity": ("Sensitivity at threshold {threshold}", "阈值 {threshold} 时的敏感度"),
    "figure_false_positives": (
        "False positives per scan at threshold {threshold}",
        "阈值 {threshold} 时的每例假阳性",
    ),
    "figure_unmarked": (
        "Nodule-free scans without a mark at threshold {threshold}",
        "阈值 {threshold} 时无标记的无结节扫描",
    ),
    "figure_counts": (
        "{nodules} {nodules:nodule|nodules}, {scans} {scans:scan|scans}",
        "{nodules} 个结节，{scans} 例扫描",
    ),
    "plot_froc": ("FROC", "FROC 曲线"),
    "plot_froc_note": (
        "{nodules} {nodules:nodule|nodules} in {scans} {scans:scan|scans}. Band: 95 % bootstrap "
        "interval by scan.",
        "{scans} 例扫描中的 {nodules} 个结节。色带：按扫描的自助法 95% 区间。",
    ),
    "plot_froc_points": (
        "{nodules} {nodules:nodule|nodules} in {scans} {scans:scan|scans}. An older evaluation: "
        "only the seven points are in it, "
        "without intervals. Run `starlung evaluate` again for the curve.",
        "{scans} 例扫描中的 {nodules} 个结节。较旧的评估：仅有七个点，无区间。"
        "请重新运行 `starlung evaluate` 以获得曲线。",
    ),
    "plot_size": ("Sensitivity by size", "按大小的敏感度"),
    "plot_size_note": (
        "Found and all nodules stand at each point. Bars: exact 95 % intervals, nodules taken as "
        "independent of each other.",
        "点旁为检出数/结节数。误差线：精确 95% 区间，假定结节相互独立。",
    ),
    "plot_marks": ("Reliability", "可靠性"),
    "plot_marks_note": (
        "Probability given against the share that were nodules; the number of marks stands at each "
        "point. Bars: exact 95 % intervals. Expected calibration error {error}.",
        "给出的概率与实际为结节的比例；点旁为标记数。误差线：精确 95% 区间。期望校准误差 {error}。",
    ),
    "plot_marks_none": (
        "Nothing to draw: no mark counts, or the scores are no probabilities.",
        "无可绘制：没有计入的标记，或分数不是概率。",
    ),
    "axis_sensitivity": ("Sensitivity", "敏感度"),
    "axis_diameter": ("Diameter, mm", "直径，mm"),
    "by_any_mark": ("by any mark", "任意标记"),
    "at_operating_point": ("at the operating point", "达到工作点"),
    "size_from": ("{low} and more", "{low} 及以上"),
    "size_between": ("{low} to {high}", "{low} 至 {high}"),
}
