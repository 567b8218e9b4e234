"""A nodule at the edge of the lungs is seen as well as with the whole margin beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from medical.ct.prepare import prepare
from medical.detection import candidates
from medical.detection.candidates import CandidateFinder, candidate_finder
from medical.detection.seen_box import trim_margins
from medical.intake import open_input
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.ready import ready_networks
from tests.conftest import REPOSITORY

RADIUS_MM = 4
Box = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def finder() -> CandidateFinder:
    model = find_model(DEFAULT_MODEL)
    run = ready_networks(model, device="cpu").first
    return candidate_finder(run, whole_box=True, mirrored=model.card.reads_in_mirror)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """The sample's, lungs and 12 mm around them."""
    sample = REPOSITORY / "sample_data" / "ct"
    (series,) = open_input(sample, work_dir=tmp_path_factory.mktemp("work")).chosen
    prepared = prepare(series.load())
    return prepared.hu, prepared.lung


def narrowest_behind(box: Box) -> Box:
    """Begin the box where as much as may go of the margin at the back does go."""
    hu, lung = box
    starts = range(16)
    ends = [start + trim_margins(lung[:, start:])[1].stop for start in starts]
    start = min(starts, key=lambda start: ends[start])
    assert ends[start] < lung.shape[1]
    return hu[:, start:].copy(), lung[:, start:]


def narrowest_before(box: Box) -> Box:
    """End the box where something of the margin in front goes."""
    hu, lung = box
    ends = [end for end in range(lung.shape[1] - 12, lung.shape[1]) if _begins_later(lung[:, :end])]
    assert ends
    return hu[:, : ends[-1]].copy(), lung[:, : ends[-1]]


def _begins_later(lung: np.ndarray) -> bool:
    return trim_margins(lung)[1].start > 0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
@pytest.mark.parametrize(("narrowest", "end"), [(narrowest_behind, -1), (narrowest_before, 0)])
def test_a_nodule_at_the_lungs_edge_is_seen_as_in_the_whole_box(
    finder: CandidateFinder,
    box: Box,
    narrowest: Callable[[Box], Box],
    end: int,
    share: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hu, lung = narrowest(box)
    outermost = int(np.flatnonzero(lung.any((0, 2)))[end])
    edge = np.argwhere(lung[:, outermost])
    z, x = edge[int(len(edge) * share)]
    center = np.array([z, outermost, x])
    away = np.linalg.norm(np.indices(hu.shape).T - center, axis=-1).T
    inside = np.clip(RADIUS_MM + 0.5 - away, 0, 1).astype(np.float32)
    painted = np.maximum(hu, hu * (1 - inside) + 40 * inside)

    def logit() -> float:
        seen = finder(painted, lung)
        apart = np.linalg.norm(seen.centers_voxel - center, axis=1)
        return float(max(seen.logits[apart <= RADIUS_MM], default=-np.inf))

    narrowed = logit()
    monkeypatch.setattr(
        candidates, "trim_margins", lambda lung: tuple(slice(0, n) for n in lung.shape)
    )
    whole = logit()
    assert whole > -1
    assert narrowed == pytest.approx(whole, abs=0.5)
