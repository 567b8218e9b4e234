"""Words of the viewer, the attention map and the earlier CT: English, Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # the bar over the images
    "slab": ("Slab", "厚层"),
    "slab_off": ("off", "关闭"),
    "slab_mip": ("maximum (MIP)", "最大密度 (MIP)"),
    "slab_mean": ("mean", "平均密度"),
    "slab_minip": ("minimum (MinIP)", "最小密度 (MinIP)"),
    "heat": ("Attention map", "注意力图"),
    "no_heat": (
        "No attention map for what is chosen.",
        "当前所选内容没有注意力图。",
    ),
    "distance": ("Distance", "测距"),
    "keys": (
        "N P finding · ↑ ↓ slice · 1 2 3 or right button: window · M [ ] slab · H map · "
        "D distance · Esc clear",
        "N P 发现 · ↑ ↓ 层面 · 1 2 3 或右键：窗 · M [ ] 厚层 · H 注意力图 · D 测距 · Esc 清除",
    ),
    "this_ct": ("This CT", "本次 CT"),
    # the attention map
    "why": ("Why: the attention map", "依据：注意力图"),
    "map_what": (
        "What it is: where the first stage's attention raised this finding's score, kept inside "
        "the outline that the second stage drew. Yellow is the strongest voxel of this finding, "
        "dark red a twentieth of it; colours of two findings cannot be compared.",
        "含义：第一阶段的注意力在何处提高了该发现的得分，并限制在第二阶段勾画的轮廓内。"
        "黄色为该发现中最强的体素，暗红色约为其二十分之一；不同发现之间的颜色不可比较。",
    ),
    "map_not": (
        "It is not evidence of malignancy, and it does not show that the mark is right: a false "
        "mark gets a map too. The second stage decides together with the first and is not "
        "explained.",
        "它不是恶性的证据，也不能证明标记正确：假阳性同样会有注意力图。"
        "第二阶段与第一阶段共同判定，但未被解释。",
    ),
    "map_checks": (
        "Checks that the method passed, on {findings} {findings:nodule|nodules} inserted into "
        "copies of {lungs} "
        "{lungs:lung|lungs} not seen in training (the method was chosen on the same lungs, so "
        "these figures "
        "are kinder than new lungs would be):",
        "该方法通过的检验（{findings} 个人工植入结节，植入 {lungs} 例未参与训练的肺的副本；"
        "方法正是在这些肺上选定的，因此数字偏于乐观）：",
    ),
    "map_pointing": (
        "strongest voxel lies on the nodule: {value} (a plain Gaussian at the box: {baseline})",
        "最强体素位于结节上：{value}（框中心的高斯函数：{baseline}）",
    ),
    "map_energy": (
        "share of the map inside the nodule: {value} (Gaussian: {baseline})",
        "注意力图位于结节内的比例：{value}（高斯函数：{baseline}）",
    ),
    "map_random": (
        "likeness to the map of a network with random weights: {value} for the score, {box} for "
        "the size (must be below 0.5)",
        "与随机权重网络的图的相似度：得分 {value}，大小 {box}（须低于 0.5）",
    ),
    "map_repeat": (
        "likeness to itself after noise and a shift: {value}",
        "加噪声并平移后与自身的相似度：{value}",
    ),
    "map_missing": (
        "The maps of this result have not been made yet.",
        "该结果的注意力图尚未生成。",
    ),
    "map_make": ("Make the maps", "生成注意力图"),
    "map_making": (
        "The maps are being made; go on reading, they appear by themselves.",
        "正在生成注意力图；可继续阅片，完成后自动显示。",
    ),
    "map_failed": ("The maps could not be made: {problem}", "无法生成注意力图：{problem}"),
}
