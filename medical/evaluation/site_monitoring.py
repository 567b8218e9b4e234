"""What a site's own studies tell of the model: drift from the calibration set, readers' agreement.

Intervals and the operating point hold for cases like the calibration set. Drift compares what is
known of both; it cannot say that a model is right on studies that look alike.

How often readers confirmed what the model gave a probability for is no measure of calibration:
readers saw the probability, and only findings at or above the operating point were shown to them.
It tells an owner when the readers of a site disagree with the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medical.evaluation.intervals import share_interval
from models.zoo.card import CalibrationScan, ReliabilityRow

UNKNOWN = ""
BINS = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """One value of one fact: how many of the latest studies have it, and of the calibration set."""

    value: str
    latest: int
    calibration: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about acquisition.

    Args:
        name: ``scanner``, ``kernel`` or ``slice_thickness``.
        rows: its values, the most frequent among the latest first; ``UNKNOWN`` where not given.
        strange: latest studies whose value is not in the calibration set, unknown ones apart.
        known: latest studies whose value is known.
    """

    name: str
    rows: tuple[Compared, ...]
    strange: int
    known: int

    @property
    def strange_ci95(self) -> tuple[float, float]:
        """Exact interval of the share of strange ones; (0, 1) where nothing is known."""
        return share_interval(self.strange, self.known) if self.known else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Scores:
    """The probabilities of all candidates, and whether both are draws of one distribution.

    Args:
        latest: of the latest studies, rising.
        calibration: of the calibration set, rising.
        distance: greatest distance between both distribution functions, 0 to 1.
        p_value: two-sample Kolmogorov-Smirnov; ``None`` where one side has no candidate. Candidates
            of one study resemble each other, so it is somewhat too small.
    """

    latest: tuple[float, ...]
    calibration: tuple[float, ...]
    distance: float | None
    p_value: float | None


def compare_facts(
    latest: Sequence[CalibrationScan], calibration: Sequence[CalibrationScan]
) -> list[Fact]:
    """Scanner, kernel and slice thickness of both sides."""
    return [
        _fact(
            "scanner", [_scanner(scan) for scan in latest], [_scanner(scan) for scan in calibration]
        ),
        _fact("kernel", _values(latest, "kernel"), _values(calibration, "kernel")),
        _fact("slice_thickness", _thicknesses(latest), _thicknesses(calibration)),
    ]


def compare_scores(
    latest: Sequence[CalibrationScan], calibration: Sequence[CalibrationScan]
) -> Scores:
    """Compare the distribution of the candidates' probabilities on both sides."""
    latest_p, calibration_p = (
        tuple(sorted(p for scan in side for p in scan.candidates)) for side in (latest, calibration)
    )
    if not latest_p or not calibration_p:
        return Scores(latest_p, calibration_p, None, None)
    from scipy.stats import ks_2samp  # late, as in intervals

    tested = ks_2samp(latest_p, calibration_p)
    return Scores(latest_p, calibration_p, float(tested.statistic), float(tested.pvalue))


def _fact(name: str, latest: list[str], calibration: list[str]) -> Fact:
    here, there = Counter(latest), Counter(calibration)
    order = sorted({*here, *there}, key=lambda value: (-here[value], -there[value], value))
    known = sum(count for value, count in here.items() if value != UNKNOWN)
    strange = sum(count for value, count in here.items() if value != UNKNOWN and not there[value])
    rows = tuple(Compared(value, here[value], there[value]) for value in order)
    return Fact(name, rows, strange, known)


def _values(scans: Sequence[CalibrationScan], key: str) -> list[str]:
    return [scan.acquisition.get(key, UNKNOWN) for scan in scans]


def _scanner(scan: CalibrationScan) -> str:
    parts = (scan.acquisition.get(key, "") for key in ("manufacturer", "model"))
    return " ".join(part for part in parts if part)


def _thicknesses(scans: Sequence[CalibrationScan]) -> list[str]:
    """Millimetres as a number, so that 1.0 and 1.00 are one value."""
    texts = []
    for text in _values(scans, "slice_thickness_mm"):
        try:
            texts.append(f"{round(float(text), 2):g} mm")
        except ValueError:
            texts.append(UNKNOWN)
    return texts


def reader_agreement(
    outcomes: Iterable[tuple[float, bool]], *, bins: int = BINS
) -> list[ReliabilityRow]:
    """Rows of equal width in probability; empty ones are left out.

    Args:
        outcomes: probability given, and whether the reader confirmed the finding.
        bins: of the range 0 to 1.

    Raises:
        ValueError: a probability is outside 0 to 1.
    """
    groups: dict[int, list[tuple[float, bool]]] = {}
    for given, confirmed in outcomes:
        if not 0 <= given <= 1:
            raise ValueError(f"a probability must lie between 0 and 1, got {given}")
        groups.setdefault(min(int(given * bins), bins - 1), []).append((given, confirmed))
    return [_row(groups[place]) for place in sorted(groups)]


def _row(group: list[tuple[float, bool]]) -> ReliabilityRow:
    confirmed = sum(is_confirmed for _, is_confirmed in group)
    return ReliabilityRow(
        mean_probability=sum(given for given, _ in group) / len(group),
        share_nodules=confirmed / len(group),
        share_ci95=share_interval(confirmed, len(group)),
        candidates=len(group),
    )
