"""What a clinician should know about a series before trusting a result on it.

Each function states one thing; messages are whole sentences in plain English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from medical.ct.volume import QualityNote
from medical.i18n.messages import message, plural_message

SEVERITY_ORDER = {"severe": 0, "warning": 1, "info": 2}
THICK_MM = 2.5
VERY_THICK_MM = 5.0
MAX_THICK_MM = 10.0
MAX_OVERLAP = 10.0  # thickness to distance
SHORT_COVERAGE_MM = 150.0
FEW_SLICES = 40
KERNEL_RANK = {"sharp": 0, "unknown": 1, "soft": 2}
"""How well a class of kernel shows nodules, the best first."""

_SIEMENS = re.compile(r"^(?:[BDHIJQT][A-Z]?)(\d\d)")
_CANON = re.compile(r"^FC(\d\d)")
_SHARP_WORDS = ("LUNG", "BONE", "EDGE", "DETAIL", "SHARP", "CHST", "HIGH")
_SHARP_PHILIPS = frozenset({"YA", "YB", "YC", "YD", "L", "D", "E", "F"})
_SOFT_PHILIPS = frozenset({"A", "B", "C", "UA", "UB"})


def sorted_notes(notes: Iterable[QualityNote]) -> tuple[QualityNote, ...]:
    """Most severe first, each code and message once."""
    unique = dict.fromkeys(notes)
    return tuple(sorted(unique, key=lambda note: SEVERITY_ORDER[note.severity]))


def kernel_class(kernel: str) -> str:
    """``sharp``, ``soft`` or ``unknown``, from the names that the large vendors use.

    Siemens counts sharpness from 10 to 90 (B30f soft, B60f and Bl57 lung), Canon groups by tens
    (FC01-19 body, FC30 bone, FC50-59 lung, FC80-89 sharp), GE and Philips use words and letters.
    """
    name = kernel.upper().split("/")[0].strip()
    if name.startswith("BL") and name[2:3].isdigit():  # Siemens "body lung"
        return "sharp"
    if siemens := _SIEMENS.match(name):
        return "sharp" if int(siemens[1]) >= 50 else "soft"
    if canon := _CANON.match(name):
        return "sharp" if int(canon[1]) >= 30 and not 40 <= int(canon[1]) < 50 else "soft"
    if any(word in name for word in _SHARP_WORDS) or name in _SHARP_PHILIPS:
        return "sharp"
    if name.startswith(("STANDARD", "SOFT", "SMOOTH")) or name in _SOFT_PHILIPS:
        return "soft"
    return "unknown"


def acquisition_notes(
    *, contrast: bool, kernel: str, lossy: bool, photometric: str
) -> list[QualityNote]:
    """Note what a header alone tells.

    Args:
        contrast: whether contrast agent was given.
        kernel: name of the reconstruction kernel; empty where it is not known.
        lossy: whether the images were ever compressed with loss.
        photometric: interpretation of the stored values, as DICOM names it.
    """
    notes = []
    if contrast:
        notes.append(
            QualityNote(
                "contrast",
                "info",
                message(
                    "Contrast agent was given: vessels are bright and nodule density may read "
                    "higher."
                ),
            )
        )
    if kernel_class(kernel) == "soft":
        notes.append(
            QualityNote(
                "soft_kernel",
                "info",
                message(
                    "Only a soft-tissue reconstruction (kernel {kernel}) was read: edges are "
                    "smoother and small or ground-glass nodules are harder to see.",
                    kernel=kernel,
                ),
            )
        )
    if lossy:
        notes.append(
            QualityNote(
                "lossy_compression",
                "warning",
                message(
                    "The images were compressed with loss: fine detail and HU values may be "
                    "altered."
                ),
            )
        )
    if photometric == "MONOCHROME1":
        notes.append(
            QualityNote(
                "monochrome1",
                "info",
                message(
                    "The images are stored for inverted display; HU values were read unchanged."
                ),
            )
        )
    return notes


def believed_thickness(thickness_mm: float | None, spacing_mm: float) -> float | None:
    """Return the header's slice thickness, unless the slices' positions disprove it.

    Slices overlap by a half, by three quarters at most; none of a chest is thicker than a
    centimetre unless they also lie so far apart.
    """
    if thickness_mm is None or thickness_mm <= 0:
        return None
    plausible = thickness_mm <= max(MAX_THICK_MM, 2 * spacing_mm)
    return thickness_mm if plausible and thickness_mm <= MAX_OVERLAP * spacing_mm else None


def thickness_notes(thickness_mm: float | None, spacing_mm: float) -> list[QualityNote]:
    """Thick slices: by the header's slice thickness or the distance between slices."""
    believed = believed_thickness(thickness_mm, spacing_mm)
    if thickness_mm is not None and believed is None:
        text = message(
            "The header gives a slice thickness of {thickness:g} mm, which slices "
            "{spacing:.3g} mm apart contradict; their distance was taken instead.",
            thickness=thickness_mm,
            spacing=spacing_mm,
        )
        return [
            QualityNote("wrong_thickness", "info", text),
            *thickness_notes(None, spacing_mm),
        ]
    worst = max(believed or 0.0, spacing_mm)
    if worst <= THICK_MM + 1e-3:
        return []
    severity = "severe" if worst > VERY_THICK_MM + 1e-3 else "warning"
    return [
        QualityNote(
            "thick_slices",
            "severe" if severity == "severe" else "warning",
            message(
                "Slices are {worst:.3g} mm thick or apart; above {limit:g} mm small nodules are "
                "missed more often and sizes are less certain.",
                worst=worst,
                limit=THICK_MM,
            ),
        )
    ]


def coverage_notes(slices: int, spacing_mm: float) -> list[QualityNote]:
    """Few slices or a short stack: parts of the lungs may not be there."""
    length_mm = slices * spacing_mm
    if slices >= FEW_SLICES and length_mm >= SHORT_COVERAGE_MM:
        return []
    return [
        QualityNote(
            "few_slices",
            "warning" if length_mm >= SHORT_COVERAGE_MM / 2 and slices >= 10 else "severe",
            plural_message(
                "Only {count} slice covering {length:.0f} mm: parts of the lungs may be missing.",
                "Only {count} slices covering {length:.0f} mm: parts of the lungs may be missing.",
                slices,
                length=length_mm,
            ),
        )
    ]


def files_note(code: str, problem: str, files: Sequence[Path]) -> QualityNote:
    """Warn of files that had to be left out; names up to three of them."""
    names = ", ".join(path.name for path in files[:3])
    if len(files) > 3:
        names = message("{names} and {more} more", names=names, more=len(files) - 3)
    text = plural_message(
        "{count} file was left out, {problem}: {names}.",
        "{count} files were left out, {problem}: {names}.",
        len(files),
        problem=problem,
        names=names,
    )
    return QualityNote(code, "warning", text)
