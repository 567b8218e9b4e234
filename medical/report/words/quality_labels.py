"""Notes on image quality in the report's languages.

A note's English sentence is written where its fault is found. Here stands what the sentence looks
like and its Chinese; a sentence without Chinese stays in English, and a test names it.
"""

from __future__ import annotations

import re

_N = r"([\d.,]+)"
_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        r"The findings are those of an earlier result; .*",
        "所示发现来自较早的结果；图像质量及肺搜索比例来自较晚的结果。",
    ),
    (r"Contrast agent was given: .*", "使用了对比剂：血管明亮，结节密度可能偏高。"),
    (
        r"Only a soft-tissue reconstruction \(kernel (.*)\) was read: .*",
        "仅读取了软组织重建（卷积核 {0}）：边缘较平滑，小结节或磨玻璃结节更难看清。",
    ),
    (r"The images were compressed with loss: .*", "图像经过有损压缩：细节和 HU 值可能改变。"),
    (r"The images are stored for inverted display; .*", "图像以反色显示存储；HU 值读取不受影响。"),
    (
        rf"Slices are {_N} mm thick or apart; above {_N} mm .*",
        "层厚或层间距为 {0} mm；超过 {1} mm 时小结节更易漏检，大小也更不确定。",
    ),
    (rf"Slices are {_N} mm thick\.", "层厚 {0} mm。"),
    (rf"Only {_N} slices? covering {_N} mm: .*", "仅 {0} 层，覆盖 {1} mm：肺的一部分可能缺失。"),
    (
        rf"{_N} files? (?:was|were) left out, damaged or cut short: (.*)\.",
        "{0} 个文件损坏或不完整，未读取：{1}。",
    ),
    (rf"{_N} files? (?:was|were) left out, (.*): (.*)\.", "{0} 个文件未读取（{1}）：{2}。"),
    (
        rf"The series holds {_N} stacks of the same region: reconstructions \(kernels (.*)\); "
        rf"only that with kernel (.*), {_N} slices?, was read\.",
        "该序列包含同一区域的 {0} 组重建（卷积核 {1}）；仅读取了卷积核 {2} 的一组，共 {3} 层。",
    ),
    (
        rf"The series holds {_N} stacks of the same region: .*; only .*, {_N} slices?, was read\.",
        "该序列包含同一区域的 {0} 组图像（不同时间点、屏气或重建）；仅读取了最大的一组，共 "
        "{1} 层。",
    ),
    (
        rf"{_N} duplicate slices? at a position already read .*",
        "{0} 层与已读取的位置重复，未读取。",
    ),
    (
        rf"{_N} slices? with (.*) (?:was|were) left out of the series; {_N} slices? (?:was|were) "
        rf"read\.",
        "序列中有 {0} 层（{1}）未读取；读取了 {2} 层。",
    ),
    (rf"{_N} frames? without a position in the patient .*", "{0} 帧没有患者坐标，未读取。"),
    (r"Rescale values are missing; .*", "缺少重标定值；存储值看似 HU，按 HU 读取。"),
    (
        r"The Series Instance UID is missing or invalid; .* under the name (.*)\.",
        "Series Instance UID 缺失或无效；该序列以 {0} 列出。",
    ),
    (r"Hardly any lung was found in this series; .*", "该序列中几乎没有肺；是胸部 CT 吗？"),
    (
        r"Lung reaches the first and the last slice of the series: .*",
        "肺延伸到序列的首层和末层：肺尖和肺底被截断，未被搜索。",
    ),
    (
        r"Lung reaches the first slice of the series: .*",
        "肺延伸到序列的首层：肺尖或肺底被截断，未被搜索。",
    ),
    (
        r"Lung reaches the last slice of the series: .*",
        "肺延伸到序列的末层：肺尖或肺底被截断，未被搜索。",
    ),
    (r"The field of view cuts off lung at the side; .*", "视野在侧面截断了肺；该部分未被搜索。"),
    (
        rf"{_N} slices? that (?:lies|lie) beside the stack (?:was|were) left out; {_N} slices? "
        rf"(?:was|were) read\.",
        "{0} 层位于图像组之外，未读取；读取了 {1} 层。",
    ),
    (
        rf"The series is in {_N} parts more than {_N} mm apart; only the longest, {_N} slices?, .*",
        "该序列分为 {0} 段，彼此相距超过 {1} mm；仅读取了最长的一段，共 {2} 层。其余未被搜索。",
    ),
    (
        rf"The gantry was tilted by {_N} degrees; .*",
        "机架倾斜 {0} 度；位置和大小已作相应校正。",
    ),
    (
        rf"Slices are unevenly spaced; .* one slice every {_N} mm\.",
        "层间距不均匀；图像组已插值为每 {0} mm 一层。",
    ),
    (
        rf"{_N} slices? (?:is|are) missing from the series \(largest gap {_N} mm\); .*",
        "序列缺少 {0} 层（最大间隙 {1} mm）；已插值，该处的结节可能漏检或变形。",
    ),
    (
        r"Images of another patient or study carry the same Series Instance UID; .* under the "
        r"name (.*)\.",
        "另一患者或检查的图像使用相同的 Series Instance UID；已分开读取，该序列以 {0} 列出。",
    ),
    (
        r"Another CT has the name (.*) already; this one is listed as (.*)\.",
        "已有另一 CT 名为 {0}；本 CT 以 {1} 列出。",
    ),
    (
        r"The very same images are in the worklist already as (.*): .*",
        "完全相同的图像已在工作列表中（{0}）：请只阅片和签署一次。",
    ),
    (
        rf"{_N} positions? (?:holds|hold) two different images, .*",
        "{0} 个位置各有两幅不同的图像，标题无法说明哪些属于同一组：容积可能混合了两个时间点或"
        "重建，其发现不可信。请单独导出一次采集。",
    ),
    (
        rf"{_N} of {_N} images? of this series that the DICOMDIR names (?:is|are) not there: .*",
        "DICOMDIR 列出的 {1} 幅图像中缺少 {0} 幅：该部分肺未被搜索。",
    ),
    (
        rf"The header gives a slice thickness of {_N} mm, which slices {_N} mm apart contradict; "
        rf".*",
        "标题中的层厚 {0} mm 与层间距 {1} mm 矛盾；已采用层间距。",
    ),
    (
        r"Left and right cannot be told apart in this image, .*",
        "该图像无法区分左右，也无法判断每侧肺搜索了多少。",
    ),
    (
        r"The left lung was not searched: .*",
        "左肺未被搜索：其中没有空气（不透光、塌陷或已切除）或位于图像之外。不能对其作出任何判断。",
    ),
    (
        r"The right lung was not searched: .*",
        "右肺未被搜索：其中没有空气（不透光、塌陷或已切除）或位于图像之外。不能对其作出任何判断。",
    ),
    (
        r"Only about (\d+%) of the left lung was searched; .*",
        "左肺仅搜索了约 {0}；其余部分没有空气（不透光、塌陷或已切除）或位于图像之外。",
    ),
    (
        r"Only about (\d+%) of the right lung was searched; .*",
        "右肺仅搜索了约 {0}；其余部分没有空气（不透光、塌陷或已切除）或位于图像之外。",
    ),
    (
        r"The probabilities are those of (.*) itself, which was not calibrated here: .*",
        "概率是模型 {0} 自身给出的分数，未在此校准：其区间和工作点均不能保证成立。",
    ),
)
_CHINESE = tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _PATTERNS)


def quality_text(message: str, *, chinese: bool) -> str:
    """Word a note in a language."""
    if not chinese:
        return message
    for pattern, text in _CHINESE:
        if found := pattern.fullmatch(message):
            return text.format(*found.groups())
    return message
