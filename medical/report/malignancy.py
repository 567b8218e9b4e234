"""How the malignancy rating is worded, everywhere the same: it is no probability of cancer."""

from __future__ import annotations

from medical.detection.findings import Malignancy, SeriesFindings
from medical.i18n.catalogue import Translator


def rating_text(malignancy: Malignancy) -> str:
    """Two decimals, with the interval in brackets."""
    low, high = malignancy.ci95
    return f"{malignancy.risk:.2f} ({low:.2f}–{high:.2f})"


def rating_line(malignancy: Malignancy, labels: Translator) -> str:
    """One sentence of a finding."""
    if malignancy.text_weight == 0:
        return labels(
            "Malignancy rating {rating}, by the image alone.", rating=rating_text(malignancy)
        )
    return labels(
        "Malignancy rating {rating}, {image} by the image, {text} by what is written.",
        rating=rating_text(malignancy),
        image=f"{malignancy.image_weight:.0%}",
        text=f"{malignancy.text_weight:.0%}",
    )


def rating_note(scored: SeriesFindings, labels: Translator) -> tuple[str, ...]:
    """Say what the rating means and who gives it; nothing where no finding has one."""
    model = scored.malignancy_model
    if model is None or not any(finding.malignancy for finding in scored.findings):
        return ()
    return (
        labels(
            "Malignancy rating by {model} {version}: the rating that radiologists would give, "
            "from 0 (highly unlikely) to 1 (highly suspicious); taught on ratings, not on "
            "pathology. It is no probability of cancer.",
            model=model.name,
            version=model.version,
        ),
    )
