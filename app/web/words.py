"""Every word of the interface, in English and Chinese."""

from __future__ import annotations

from typing import Literal

from app.web.vocabulary import evaluation, growth, owner, reading, viewer, worklist
from medical.counts import fill
from medical.nodule.location_words import translate_location
from medical.report.words.guideline_labels import ENTERED
from medical.report.words.labels import TERMS

Language = Literal["en", "zh"]
LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}

CATALOGUE: dict[str, tuple[str, str]] = {
    **worklist.WORDS,
    **reading.WORDS,
    **viewer.WORDS,
    **growth.WORDS,
    **owner.WORDS,
    **evaluation.WORDS,
    # frame
    "product": ("StarLung", "StarLung"),
    "subtitle": ("Lung-nodule reader for chest CT", "胸部 CT 肺结节阅片"),
    "research": (
        "Research use only – not for diagnosis or treatment",
        "仅供研究使用 – 不得用于诊断或治疗",
    ),
    "language": ("Language", "语言"),
    # choosing a study
    "source_sample": ("Sample", "示例"),
    "source_upload": ("Upload", "上传"),
    "source_folder": ("Folder", "文件夹"),
    "sample_note": (
        "One small chest CT that comes with StarLung.",
        "StarLung 自带的一例小型胸部 CT。",
    ),
    "upload_label": (
        "A zip, the DICOM files of one CT, or a .nii.gz, .nrrd or .mhd volume",
        "zip、一例 CT 的 DICOM 文件，或 .nii.gz、.nrrd、.mhd 体数据",
    ),
    "folder_label": (
        "Study or result on this machine",
        "本机上的检查或结果",
    ),
    "folder_help": (
        "A folder, zip or file with a CT series, or a folder that StarLung wrote.",
        "包含 CT 序列的文件夹、zip 或文件，或 StarLung 写出的结果文件夹。",
    ),
    "score": ("Score", "分析"),
    "open": ("Open", "打开"),
    # progress
    "stage_read": ("Read: find and decode the series", "读取：查找并解码序列"),
    "stage_prepare": ("Prepare: resample and find the lungs", "准备：重采样并定位肺部"),
    "stage_detect": ("Detect: search the lungs for nodules", "检测：在肺内搜索结节"),
    "stage_refine": ("Refine: outline each candidate", "精修：勾画每个候选"),
    "stage_measure": ("Measure: size, density, location", "测量：大小、密度、位置"),
    "stage_write": ("Write: findings and predictions", "写出：发现与预测"),
    "stage_view": ("View: prepare the images", "显示：准备图像"),
    # guidelines
    "guidelines": ("Guidelines: Lung-RADS and Fleischner", "指南：Lung-RADS 与 Fleischner"),
    "guidelines_note": (
        "Lung-RADS v2022 and Fleischner 2017 as in the report: rejected marks are left out, a "
        "reader's diameter and density count before the model's. Until the kind of examination is "
        "entered, as if this were a first screening CT, and as if the finding were made by chance. "
        "Not a recommendation.",
        "Lung-RADS v2022 和 Fleischner 2017 与报告一致：不含已否定的标记，"
        "阅片者的直径和密度优先于模型。未填写检查类型时，按首次筛查 CT 和偶然发现处理。"
        "不构成建议。",
    ),
    "lung_rads": ("Lung-RADS v2022", "Lung-RADS v2022"),
    "fleischner": ("Fleischner 2017", "Fleischner 2017"),
    "age": ("Age in years", "年龄（岁）"),
    "risk": ("Risk of lung cancer", "肺癌风险"),
    **ENTERED,
    "unknown": ("not known", "未知"),
    "examination": ("Examination", "检查类型"),
    "sex": ("Sex", "性别"),
    "by_header_is": ("{value} (header)", "{value}（图像头）"),
    "known_cancer": ("Known cancer", "已知癌症"),
    "immunosuppressed": ("Immunosuppressed", "免疫抑制"),
    # findings
    "series": ("Series", "序列"),
    "findings_count": (
        "{count} {count:finding|findings} at or above the operating point",
        "{count} 个发现达到或超过工作点",
    ),
    "negative_in_part": (
        "No finding in what was searched – not negative: a lung was not searched, or only in part; "
        "see the image quality notes.",
        "已搜索部分无发现，但不是阴性结果：有一侧肺未被搜索或仅部分被搜索，见图像质量提示。",
    ),
    "side uncertain": ("side uncertain", "侧别不确定"),
    "negative": (
        "No finding reaches the operating point. This does not rule out a nodule.",
        "没有发现达到工作点。这不能排除结节的存在。",
    ),
    "trace": (
        "Model {model} {version} · operating point {point} · {samples} {samples:sample|samples}",
        "模型 {model} {version} · 工作点 {point} · {samples} 次采样",
    ),
    "interval_note": ("95 % interval", "95% 区间"),
    "col_number": ("No.", "编号"),
    "col_probability": ("Probability", "概率"),
    "col_slice": ("Slice", "层面"),
    "col_position": ("Position, LPS mm", "位置，LPS mm"),
    "col_diameter": ("Diameter, mm", "直径，mm"),
    "col_volume": ("Volume, mm³", "体积，mm³"),
    "col_density": ("Density", "密度"),
    "col_location": ("Location", "部位"),
    **TERMS,
    "clicked": (
        "Last click: slice {slice}, LPS {x}, {y}, {z} mm",
        "上次点击：第 {slice} 层，LPS {x}, {y}, {z} mm",
    ),
    # viewer
    "axial": ("Axial", "轴位"),
    "coronal": ("Coronal", "冠状位"),
    "sagittal": ("Sagittal", "矢状位"),
    "slice": ("Slice", "层面"),
    "lung": ("Lung", "肺窗"),
    "mediastinum": ("Mediastinum", "纵隔窗"),
    "bone": ("Bone", "骨窗"),
    "loading": ("Loading the images …", "正在载入图像 …"),
    "load_failed": (
        "The images could not be shown. Reload the page; if that does not help, "
        "check that this browser has WebGL 2.",
        "无法显示图像。请重新载入页面；若仍无效，请确认浏览器支持 WebGL 2。",
    ),
    "convention": (
        "Radiological convention: the patient's right is on the left of the screen",
        "放射学惯例：患者右侧显示在屏幕左侧",
    ),
    "no_images": (
        "The images of this series are not at hand. Name the study's folder to see them.",
        "未找到该序列的图像。请指定检查文件夹以显示图像。",
    ),
    "no_images_for_readers": (
        "The images of this series are not at hand. Ask an administrator to name their folder.",
        "未找到该序列的图像。请联系管理员指定其文件夹。",
    ),
    "images_folder": ("Folder with the images", "图像文件夹"),
    "show_images": ("Show images", "显示图像"),
    "preparing_images": ("Preparing the images …", "正在准备图像 …"),
    "signature_not": (
        "This result carries no signature of this site: it was scored elsewhere or by version 0.5 "
        "or earlier, or made by hand.",
        "该结果没有本站点的签名：它在别处或由 0.5 及更早版本分析，或由人工制作。",
    ),
    "signature_broken": (
        "This result was changed after this site had scored it.",
        "该结果在本站点分析之后被更改过。",
    ),
    # quality and downloads
    "quality": ("Quality", "图像质量"),
    "quality_none": ("Nothing to note.", "无特别提示。"),
    "severe": ("Severe", "严重"),
    "warning": ("Warning", "警告"),
    "info": ("Note", "提示"),
    # errors
    "no_such_path": (
        "{path}: no such file or folder. Check the spelling.",
        "{path}：没有这个文件或文件夹。请检查拼写。",
    ),
    "empty_path": (
        "No study is named. Type the path of a folder on this machine.",
        "尚未指定检查。请输入本机上文件夹的路径。",
    ),
    "no_sample": (
        "The sample is not on this machine. Name a folder or upload a study instead.",
        "本机没有示例数据。请指定文件夹或上传检查。",
    ),
    "unexpected": (
        "StarLung met an error of its own. Reload the page; the server's log has the details.",
        "StarLung 出现内部错误。请重新载入页面；详情见服务器日志。",
    ),
}


class Words:
    """The catalogue in one language: ``words("score")``.

    Raises:
        KeyError: the catalogue does not know the word.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = 1 if language == "zh" else 0

    def __call__(self, word: str, **values: object) -> str:
        """Return the text of ``word``, its blanks filled."""
        return fill(CATALOGUE[word][self._column], **values)

    def location(self, location: str) -> str:
        """'left upper zone' in this language; words that are not known stay as they are."""
        return translate_location(location, self, CATALOGUE, chinese=self.language == "zh")
