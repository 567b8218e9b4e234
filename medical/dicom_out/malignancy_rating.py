"""A finding's malignancy rating as a measurement of the SR, and which StarNet gave it.

What the number means depends on what taught it, so the concept does, too: ratings of radiologists
alone, or outcomes of a site after them. Name, version and digest stand with the value, for it is
not the detector that rates. What a reader typed is a rating of its own beside the one as scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import highdicom as hd
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medical.detection.findings import Finding, Malignancy, RatingModel, SeriesFindings

SCHEME = "99STARLUNG"
RATING = Code("malignancy-rating", SCHEME, "Malignancy rating, 0 to 1, that readers would give")
OUTCOME_RATING = Code("malignancy-outcome", SCHEME, "Malignancy, 0 to 1, by outcomes of a site")
_TYPED = {
    RATING: Code("malignancy-rating-typed", SCHEME, "Malignancy rating with context typed"),
    OUTCOME_RATING: Code("malignancy-outcome-typed", SCHEME, "Malignancy with context typed"),
}


@dataclass(frozen=True, slots=True)
class TypedRatings:
    """What a reader typed of a series, for its SR.

    Args:
        text: the context, who typed it and when, as the report has it.
        of_finding: the rating with it, by the finding's number.
    """

    text: str = ""
    of_finding: Mapping[int, Malignancy] = field(default_factory=dict)

    def content_item(self) -> hd.sr.TextContentItem:
        """Return the text for the report's root: TID 1500 may be extended there."""
        return hd.sr.TextContentItem(
            name=codes.DCM.History,
            value=self.text,
            relationship_type=hd.sr.RelationshipTypeValues.CONTAINS,
        )


def interval(value: float, low: float, high: float) -> hd.sr.MeasurementProperties:
    """Write the ends of a 95 % interval as distances from the value."""
    return hd.sr.MeasurementProperties(
        upper_measurement_uncertainty=round(high - value, 4),
        lower_measurement_uncertainty=round(value - low, 4),
    )


def rating_measurements(
    finding: Finding, scored: SeriesFindings, typed: TypedRatings
) -> list[hd.sr.Measurement]:
    """Return the rating as scored and the one with what was typed, as far as there are any."""
    rates = scored.malignancy_model
    concept = OUTCOME_RATING if rates is not None and rates.outcomes else RATING
    given = ((concept, finding.malignancy), (_TYPED[concept], typed.of_finding.get(finding.id)))
    return [_measurement(name, rating, rates) for name, rating in given if rating is not None]


def _measurement(name: Code, rating: Malignancy, rates: RatingModel | None) -> hd.sr.Measurement:
    return hd.sr.Measurement(
        name,
        rating.risk,
        codes.UCUM.NoUnits,
        properties=interval(rating.risk, *rating.ci95),
        algorithm_id=_algorithm(rates, rating) if rates is not None else None,
    )


def _algorithm(rates: RatingModel, rating: Malignancy) -> hd.sr.AlgorithmIdentification:
    return hd.sr.AlgorithmIdentification(
        name=rates.name,
        version=rates.version,
        parameters=[
            f"digest={rates.digest or rates.sha256}",
            f"taught on={_taught_on(rates)}",
            f"weight of the image={rating.image_weight:g}, of the text={rating.text_weight:g}",
        ],
    )


def _taught_on(rates: RatingModel) -> str:
    outcomes = rates.outcomes
    if outcomes is None:
        return "radiologists' ratings, not pathology; no probability of cancer"
    ways = ", ".join(f"{way} {count}" for way, count in outcomes.known_by.items())
    return (
        f"radiologists' ratings, then outcomes of a site (findings {outcomes.findings}, patients "
        f"{outcomes.patients}, malignant {outcomes.malignant}; {ways}); no probability of cancer"
    )
