"""A folder scored again since: it then holds another result than the one that is read.

The store keeps findings that a reader has decided on (``medical.store.results.adopt``), but not
which model had made them: what the folder says of its model is then not true of what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.web.words import Words
from medical.detection.findings import ModelReference, Quality, SeriesFindings
from medical.store.reading import ReadFinding, StudyReading


def scored_again(scored: SeriesFindings, findings: Sequence[ReadFinding]) -> bool:
    """Whether the findings of a series that are read are not those of the folder's result."""
    read = {one.number: one.measured for one in findings if one.origin == "model"}
    return read != {one.id: one for one in scored.findings}


def why_not_taken_over(reading: StudyReading, scored: SeriesFindings, words: Words) -> str:
    """One sentence: whose the newer result is, and why its findings are not the ones shown."""
    word = "newer_kept_out" if reading.study.version > 0 else "newer_waits"
    return words(word, model=scored.model.name, version=scored.model.version)


def for_report(reading: StudyReading, scored: SeriesFindings, words: Words) -> SeriesFindings:
    """The folder's result for a report of what is read.

    Where the two differ no model is named and a quality note says so. Operating point and passes
    stay the newer result's, as the note says too: the store does not hold the earlier ones.
    """
    if not scored_again(scored, reading.of_series(scored.series_instance_uid)):
        return scored
    said = (why_not_taken_over(reading, scored, words), words("report_point_newer"))
    note = Quality(code="scored_again", severity="warning", message=" ".join(said))
    unknown = ModelReference(
        name=words("model_earlier"), version=words("model_not_on_record"), sha256=""
    )
    return scored.model_copy(update={"model": unknown, "quality": [note, *scored.quality]})
