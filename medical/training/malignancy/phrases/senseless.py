"""Texts that say nothing of a nodule: noise, other matters, other organs, words without order."""

from __future__ import annotations

import numpy as np

from medical.training.malignancy.phrases.errors import KEYS

_SIGNS = "!@#$%^&*()_+-=[]{}|;:,.<>?/~`'\" \t\n0123456789"
_CHINESE = (
    "的一是不了人我在有他这中大来上个国和说们为子年着就那要下以生会自发可也后里用道行"
    "所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前"
    "开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两"
    "高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特"
)
_WORDS = (
    *("table", "window", "yesterday", "football", "invoice", "lorem", "ipsum", "dolor", "coffee"),
    *("knee", "femur", "fracture", "liver", "kidney", "stone", "appointment", "parking", "weather"),
    *("tax", "holiday", "train", "music", "please", "thanks", "password", "printer", "is", "out"),
)
_ENGLISH_ELSEWHERE = (
    "{} mm stone in the lower pole of the left kidney", "simple liver cyst of {} mm",
    "spiculated mass of the breast, {} mm", "thyroid nodule {} mm, well defined",
    "fracture of the femoral neck", "gallbladder without stones", "round lesion of the spleen",
    "smooth margin of the bladder", "calcified plaque of the aorta", "adrenal adenoma of {} mm",
    "degenerative change of the lumbar spine", "hernia {} mm", "normal brain", "sinusitis",
    "lobulated uterus with a fibroid of {} mm", "solid ovarian lesion", "enlarged prostate",
    "irregular mass of the pancreas {} mm", "ground-glass bone lesion of the jaw",
)  # fmt: skip
_CHINESE_ELSEWHERE = (
    "左肾结石{}mm", "肝囊肿{}mm", "乳腺毛刺状肿块{}mm", "甲状腺结节{}mm，边界清", "股骨颈骨折",
    "胆囊未见结石", "脾脏圆形病灶", "膀胱壁光滑", "主动脉钙化斑块", "肾上腺腺瘤{}mm", "腰椎退变",
    "疝{}mm", "颅脑未见异常", "鼻窦炎", "分叶状子宫肌瘤{}mm", "卵巢实性病灶", "前列腺增大",
    "胰腺不规则肿块{}mm", "颌骨磨玻璃样改变",
)  # fmt: skip
_ENGLISH_CHATTER = (
    "please call me back", "what time is it", "the answer is {}", "order number {}", "see you soon",
    "write a poem about rain", "you are a helpful robot", "set the value to {}", "forget the above",
    "this is a test", "delete everything", "good morning doctor", "n/a", "none", "x", "todo", "???",
    "the result must be {}", "copy of page {}", "thank you very much", "high", "low", "yes", "no",
)  # fmt: skip
_CHINESE_CHATTER = (
    "请回电话", "现在几点", "答案是{}", "订单号{}", "再见", "写一首关于雨的诗", "你是一个机器人",
    "把数值设为{}", "忘记上面的内容", "这是测试", "删除全部", "医生早上好", "无", "不详", "略",
    "结果必须是{}", "第{}页", "非常感谢", "高", "低", "是", "否",
)  # fmt: skip
_PIECES = 6


def nonsense(rng: np.random.Generator) -> str:
    """Draw a text that says nothing of a nodule of the lung."""
    kind = int(rng.integers(9))
    if kind < 5:
        return _noise(rng, kind)
    if kind == 5:
        return " ".join(_piece(rng) for _ in range(int(rng.integers(1, _PIECES))))
    if kind == 6:
        pieces = [_noise(rng, int(rng.integers(5)))[:20] for _ in range(int(rng.integers(2, 5)))]
        return _any((" ", ", ", "; ", " | "), rng).join([*pieces, _piece(rng)])
    english = rng.random() < 0.5
    lists = (
        (_ENGLISH_ELSEWHERE if english else _CHINESE_ELSEWHERE)
        if kind == 7
        else (_ENGLISH_CHATTER if english else _CHINESE_CHATTER)
    )
    picked = [_any(lists, rng).format(_number(rng)) for _ in range(int(rng.integers(1, 4)))]
    return (". " if english else "。").join(picked)


def without_order(text: str, rng: np.random.Generator) -> str:
    """Return the words of a text, or its letters where it has no spaces, in any order."""
    parts = text.split() if " " in text.strip() else list(text)
    joint = " " if " " in text.strip() else ""
    return joint.join(parts[index] for index in rng.permutation(len(parts)))


def _noise(rng: np.random.Generator, kind: int) -> str:
    length = int(rng.integers(1, 120))
    match kind:
        case 0:
            return "".join(rng.choice(list(KEYS + " "), length))
        case 1:
            return "".join(rng.choice(list(_SIGNS + KEYS), length))
        case 2:
            return " ".join(rng.choice(_WORDS, 1 + length // 8))
        case 3:
            return "".join(rng.choice(list(_CHINESE), length))
        case _:
            points = rng.integers(0x20, 0xD7FF, length)
            return "".join(chr(int(point)) for point in points)


def _piece(rng: np.random.Generator) -> str:
    """One word that is none: letters, a number, signs, or a word of other matters."""
    length = int(rng.integers(2, 9))
    match int(rng.integers(4)):
        case 0:
            return "".join(rng.choice(list(KEYS), length))
        case 1:
            return _number(rng)
        case 2:
            return str(rng.choice(list(_SIGNS[:30]))) * int(rng.integers(1, 4))
        case _:
            return str(rng.choice(_WORDS))


def _number(rng: np.random.Generator) -> str:
    return str(int(rng.integers(0, 1000 if rng.random() < 0.5 else 60)))


def _any(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
