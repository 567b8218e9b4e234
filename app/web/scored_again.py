"""A folder scored again since: it then holds another result than the one that is read.

The store keeps findings that a reader has decided on (``medical.store.results.adopt``): what the
folder says of its model is then not true of what is shown.
"""

from __future__ import annotations

from app.web.words import Words
from medical.ct.volume import QualityNote
from medical.detection.findings import ModelReference, SeriesFindings
from medical.store.reading import StudyReading
from medical.store.scored_by import ScoredBy


def scored_again(scored: SeriesFindings, reading: StudyReading) -> bool:
    """Whether the findings of a series that are read are not those of the folder's result."""
    kept_of = reading.scored_by(scored.series_instance_uid)
    if kept_of is not None and kept_of != ScoredBy.of(scored):
        return True
    findings = reading.of_series(scored.series_instance_uid)
    read = {one.number: one.measured for one in findings if one.origin == "model"}
    return read != {one.id: one for one in scored.findings}


def why_not_taken_over(reading: StudyReading, scored: SeriesFindings, words: Words) -> str:
    """One sentence: whose the newer result is, and why its findings are not the ones shown."""
    kept_of = reading.scored_by(scored.series_instance_uid)
    if kept_of is None:
        whose = words("earlier_not_on_record")
    else:
        whose = words("earlier_by", model=kept_of.model.name, version=kept_of.model.version)
    word = "newer_kept_out" if reading.study.version > 0 else "newer_waits"
    return words(word, model=scored.model.name, version=scored.model.version, whose=whose)


def for_report(reading: StudyReading, scored: SeriesFindings, words: Words) -> SeriesFindings:
    """Return the folder's result for a report of what is read: with the model that made that.

    Where it was not kept, in what was scored before the store held it, no model is named;
    operating point and passes stay the newer result's, and a quality note says so.
    """
    if not scored_again(scored, reading):
        return scored
    said = why_not_taken_over(reading, scored, words)
    kept_of = reading.scored_by(scored.series_instance_uid)
    if kept_of is None:
        said += " " + words("report_point_newer")
        model = ModelReference(
            name=words("model_earlier"), version=words("model_not_on_record"), sha256=""
        )
        point, passes = scored.operating_point, scored.passes
    else:
        model, point, passes = kept_of.model, kept_of.operating_point, kept_of.passes
    note = QualityNote("scored_again", "warning", said)
    return scored.model_copy(
        update={
            "model": model,
            "operating_point": point,
            "passes": passes,
            "quality": [note, *scored.quality],
        }
    )
