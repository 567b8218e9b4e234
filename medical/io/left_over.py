"""What of an input was not taken, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from medical.counts import counted
from medical.dicom.header.frames import SkippedFile
from medical.errors import InputError
from medical.i18n.messages import message, plural_message

WHAT_TO_GIVE = message(
    "Give a folder, zip or DICOMDIR with a CT series, or a .nii.gz, .nrrd or .mhd volume"
)
NotChosen = tuple[str, str]


def missing_series(path: Path, missing: dict[str, int], series_uids: set[str]) -> list[InputError]:
    """Series that a DICOMDIR names and of which no image is there."""
    lost = {uid: count for uid, count in missing.items() if uid not in series_uids}
    if not lost:
        return []
    count = sum(lost.values())
    problem = plural_message(
        "{count} image of {series} series that the DICOMDIR names is not there",
        "{count} images of {series} series that the DICOMDIR names are not there",
        count,
        series=len(lost),
    )
    return [InputError(path, problem, message("Copy the whole medium again"))]


def skipped_series(skipped: Sequence[SkippedFile]) -> list[NotChosen]:
    """One line a series that is no CT: its UID, or its kind when it has none."""
    counts = Counter(
        (file.header.series_instance_uid or f"{file.modality} without UID", file.reason)
        for file in skipped
    )
    return [
        (name, f"{reason} ({counted(count, 'file')})") for (name, reason), count in counts.items()
    ]


def only_error(
    path: Path, errors: Sequence[InputError], skipped: Sequence[SkippedFile]
) -> InputError:
    """Return the one error of an input that holds nothing usable."""
    if len(errors) == 1:
        return errors[0]
    if errors:
        first = errors[0]
        problem = message(
            "holds nothing that can be used; {count} files or series failed, the first is "
            "{name}: {problem}",
            count=len(errors),
            name=first.path.name,
            problem=first.problem,
        )
        return InputError(path, problem, first.remedy, names=(first.path.name, *first.names))
    if skipped:
        kinds = Counter(file.reason for file in skipped).most_common(3)
        reasons = [
            message("{reason} ({count})", reason=reason, count=count) for reason, count in kinds
        ]
        what = reduce(lambda a, b: message("{first}, {others}", first=a, others=b), reasons)
        return InputError(path, message("holds no CT images: {what}", what=what), WHAT_TO_GIVE)
    what = (
        message("holds no CT images") if path.is_dir() else message("not an image that can be read")
    )
    return InputError(path, what, WHAT_TO_GIVE)
