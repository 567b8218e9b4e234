"""Words of the operating point and of the pages for the model's owner: English, Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # operating point on the reading page
    "operating": (
        "Operating point: what another threshold would give",
        "工作点：其他阈值的预期效果",
    ),
    "operating_slider": ("Probability from which a mark counts", "标记计入的最低概率"),
    "operating_note": (
        "Measured by {model} {version} on {nodules} INSERTED {nodules:nodule|nodules} and {scans} "
        "held-out {scans:scan|scans}; "
        "on other nodules or another scanner expect less. 95 % intervals stand below the figures. "
        "Moving the slider changes no finding.",
        "由 {model} {version} 在 {nodules} 个植入结节和 {scans} 例留出扫描上测得；"
        "对其他结节或其他扫描仪预期更差。数字下方为 95% 区间。移动滑块不会改变任何发现。",
    ),
    "operating_scored": ("scored at {point}", "分析时为 {point}"),
    "sensitivity": ("Sensitivity, inserted nodules", "敏感度（植入结节）"),
    "false_positives": ("False positives per scan", "每例假阳性"),
    "marks_here": ("Marks in this CT", "本 CT 中的标记"),
    "marks_more": (
        "Marks below the point at which this CT was scored; nobody has measured them.",
        "低于本 CT 分析工作点的标记；尚未测量。",
    ),
    "marks_none_more": (
        "No mark in this CT lies between the two thresholds.",
        "本 CT 中没有介于两个阈值之间的标记。",
    ),
    "operating_unknown": (
        "{model} {version} is no longer on this machine, or its card does not say how many nodules "
        "and scans its operating curve was measured on: no figure can be given.",
        "{model} {version} 已不在本机，或其模型卡未说明工作曲线所用的结节数与扫描数："
        "无法给出数字。",
    ),
    # pages for the model's owner
    "model": ("Model", "模型"),
    "drift": ("Drift", "漂移"),
    "retraining": ("Retraining", "再训练"),
    "no_model": (
        "There is no model called {name} on this machine. See `starlung models list`.",
        "本机没有名为 {name} 的模型。请查看 `starlung models list`。",
    ),
    "card_language": (
        "The card is shown in the words of whoever made the weights.",
        "模型卡以制作者的原文（英文）显示。",
    ),
    "in_use": ("scores now", "正在使用"),
    "card_point": ("Operating point", "工作点"),
    "card_digest": ("SHA-256 of the weights", "权重的 SHA-256"),
    "card_not_good_for": ("Not good for", "不适用于"),
    "card_data": ("Data and licences", "数据与许可"),
    "card_recipe": ("How it was made", "制作方法"),
    "card_seen": ("{count} {count:scan|scans} seen in training", "训练中见过的扫描 {count} 例"),
    "card_figures": ("All figures of the card", "模型卡中的全部数字"),
    "plot_curve": ("Operating curve", "工作曲线"),
    "plot_curve_note": (
        "{nodules} INSERTED {nodules:nodule|nodules} in {scans} held-out {scans:scan|scans}; "
        "false positives are counted on the "
        "scans as they are. Bands: exact 95 % intervals.",
        "{scans} 例留出扫描中的 {nodules} 个植入结节；假阳性按原始扫描计数。色带：精确 95% 区间。",
    ),
    "plot_reliability": ("Calibration", "校准"),
    "plot_reliability_note": (
        "Probability given against the share that were nodules, each scan by a calibration on the "
        "other scans; INSERTED nodules and the scans' own marks. Bars: bootstrap 95 % intervals; "
        "the number of candidates stands at each point.",
        "给出的概率与实际为结节的比例；每例扫描使用由其他扫描得到的校准；"
        "包括植入结节和扫描自身的标记。误差线：自助法 95% 区间；点旁为候选数。",
    ),
    "plot_readers": ("What readers confirmed", "阅片者的确认"),
    "plot_readers_note": (
        "{count} {count:mark|marks} of signed studies here, whichever model made them. Readers "
        "saw the "
        "probability, and only marks at or above the operating point, so this flatters the model. "
        "Bars: exact 95 % intervals.",
        "本处已签署检查的 {count} 个标记（不论由哪个模型给出）。"
        "阅片者能看到概率，且只见到达到工作点的标记，因此结果偏好。误差线：精确 95% 区间。",
    ),
    "plot_none": (
        "Nothing to draw: the card of this model holds no such figures.",
        "无可绘制：该模型卡没有这些数字。",
    ),
    "plot_readers_none": (
        "Nothing to draw yet: no signed study holds a mark of a model.",
        "尚无可绘制：已签署的检查中没有模型标记。",
    ),
    "axis_threshold": ("Threshold", "阈值"),
    "axis_probability": ("Probability given", "给出的概率"),
    "axis_share": ("Share of nodules", "结节比例"),
    "axis_marks": ("Share of marks at or below", "不高于该概率的标记比例"),
    "drift_last": ("Latest studies to compare", "用于比较的最近检查数"),
    "drift_said": (
        "{latest} latest scored series against {calibration} {calibration:scan|scans} of the "
        "calibration set of "
        "{model}. Intervals and operating point hold for cases like that set.",
        "最近分析的 {latest} 个序列与 {model} 校准集的 {calibration} 例扫描比较。"
        "区间和工作点只对与校准集相似的病例成立。",
    ),
    "drift_none": (
        "No study has been scored yet.",
        "尚未分析任何检查。",
    ),
    "drift_no_set": (
        "The card of {model} does not describe its calibration set: nothing can be compared.",
        "{model} 的模型卡没有描述校准集：无法比较。",
    ),
    "fact_scanner": ("Scanner", "扫描仪"),
    "fact_kernel": ("Kernel", "重建核"),
    "fact_slice_thickness": ("Slice thickness", "层厚"),
    "fact_unknown": ("not given", "未提供"),
    "fact_value": ("Value", "值"),
    "fact_latest": ("Latest", "最近"),
    "fact_calibration": ("Calibration set", "校准集"),
    "fact_strange": (
        "{strange} of {known} {strange:has|have} a value that the calibration set has not "
        "({low}–{high}).",
        "{known} 例中有 {strange} 例的值不在校准集中（{low}–{high}）。",
    ),
    "fact_nothing_known": (
        "None of the latest studies says it.",
        "最近的检查均未提供。",
    ),
    "drift_scores": ("Scores of all marks from 0.02", "0.02 起所有标记的分数"),
    "drift_scores_note": (
        "{latest} {latest:mark|marks} of the latest studies, {calibration} of the calibration "
        "set. Greatest "
        "distance {distance}, Kolmogorov-Smirnov p = {p}. Marks of one study resemble each other, "
        "so p is somewhat too small.",
        "最近检查的 {latest} 个标记，校准集 {calibration} 个。最大距离 {distance}，"
        "Kolmogorov-Smirnov p = {p}。同一检查的标记彼此相似，故 p 略偏小。",
    ),
    "drift_scores_few": (
        "{latest} {latest:mark|marks} of the latest studies, {calibration} of the calibration "
        "set: too few to "
        "compare.",
        "最近检查的 {latest} 个标记，校准集 {calibration} 个：太少，无法比较。",
    ),
    "waiting_findings": ("Reviewed findings waiting", "等待的已审发现"),
    "waiting_studies": ("in signed studies", "来自已签署检查"),
    "waiting_confirmed": ("confirmed marks", "已确认的标记"),
    "waiting_added": ("added by readers", "阅片者补充"),
    "waiting_rejected": ("rejected marks", "已否定的标记"),
    "waiting_note": (
        "Counted are decisions in signed studies whose scans {model} was not trained on. Studies "
        "that are open or in review are not among them.",
        "统计已签署检查中、其扫描未用于训练 {model} 的判定。未完成的检查不计入。",
    ),
    "retrain_how": ("Retrain on them", "用其再训练"),
    "retrain_note": (
        "Type it on this machine. Accepted, measured again and added findings of signed studies "
        "are the truth, rejected marks are hard negatives; the new model is installed only if it "
        "is not worse on held-out scans.",
        "在本机命令行输入。已签署检查中确认、重新测量和补充的发现作为真值，否定的标记作为困难负样本；"
        "新模型仅在留出扫描上不更差时才会安装。",
    ),
}
