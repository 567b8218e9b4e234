"""What the refinement stage is taught on: nodules, false positives and blobs, no ignore region."""

from __future__ import annotations

import torch

from medical.synthesis.insertion.engine import TrainingBatch
from models.detector.detector import DetectorConfig
from models.detector.losses import refiner_loss
from models.detector.peaks import Candidates
from models.detector.refiner import CandidatePrediction, RefinerConfig
from models.training.two_stage import ROWS, RefinementStageOnly, TwoStage

EDGE = 64


def batch_of(*, ignore_regions: bool) -> TrainingBatch:
    """One nodule, known or to be ignored, at the middle of a patch of air."""
    image = torch.full((1, 1, EDGE, EDGE, EDGE), -0.85)
    image[..., 28:36, 28:36, 28:36] = 0.05
    here = torch.tensor([[True]])
    return TrainingBatch(
        image,
        (image > 0).float(),
        torch.full((1, 1, 3), 31.5),
        torch.tensor([[9.0]]),
        here & (not ignore_regions),
        torch.zeros(1, 1, dtype=torch.long),
        here & (not ignore_regions),
        here & ignore_regions,
    )


def stages() -> TwoStage:
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(4, 8, 8, 8), channels=8).build()
    return TwoStage(detector, RefinerConfig(widths=(4, 4, 8), hidden=8).build())


def candidates_at(places: list[float]) -> Candidates:
    centers = torch.tensor(places)[None, :, None].expand(1, -1, 3)
    return Candidates(centers, torch.full((1, len(places)), 6.0), torch.zeros(1, len(places)))


def test_a_mark_at_the_nodule_is_not_taught_as_false() -> None:
    rows = stages().candidate_rows([candidates_at([31.0, 10.0])], batch_of(ignore_regions=False))
    false = rows["center"][~rows["is_nodule"]]
    assert len(false) > 0
    assert torch.equal(false, torch.full_like(false, 10.0))


def test_a_mark_at_something_doubtful_is_not_taught_at_all() -> None:
    rows = stages().candidate_rows([candidates_at([31.0, 10.0])], batch_of(ignore_regions=True))
    assert not rows["is_nodule"].any()
    assert torch.equal(rows["center"], torch.full_like(rows["center"], 10.0))


def test_each_source_gives_a_few_false_marks() -> None:
    own, blobs = (
        candidates_at([5.0, 7.0, 9.0, 11.0, 13.0]),
        candidates_at([50.0, 52.0, 54.0, 56.0, 58.0]),
    )
    allowed = {5.0, 7.0, 9.0, 50.0, 52.0, 54.0}
    for seed in range(10):
        torch.manual_seed(seed)
        rows = stages().candidate_rows([own, blobs], batch_of(ignore_regions=False))
        assert set(rows["center"][~rows["is_nodule"], 0].tolist()) <= allowed


def test_every_patch_gives_the_same_number_of_rows() -> None:
    rows = stages().candidate_rows([candidates_at([5.0])], batch_of(ignore_regions=False))
    assert len(rows["center"]) == ROWS


def test_blobs_are_one_of_the_sources() -> None:
    two, batch = stages(), batch_of(ignore_regions=True)
    blobs = two.candidate_sources(two.detector.eval()(batch.image), batch)[1]
    assert (blobs.centers[0, 0] - 31.5).abs().max() <= 1.5


def test_a_judge_alone_leaves_the_first_stage_as_it_is() -> None:
    torch.manual_seed(0)
    learner = RefinementStageOnly(
        DetectorConfig().build(), RefinerConfig(dropout=0.0).build(), smoothing=0.05
    ).train()
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    steps = torch.optim.AdamW(learner.parameters(), lr=1e-3, weight_decay=0.1)
    torch.stack(list(learner.losses(batch_of(ignore_regions=False)).values())).sum().backward()
    steps.step()
    after = learner.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("refiner.") for name in changed)


def test_smoothed_labels_stop_a_judgement_short_of_certainty() -> None:
    logits = torch.tensor([4.0, 30.0], requires_grad=True)  # sure, and far too sure
    parts = refiner_loss(
        CandidatePrediction(logits, torch.zeros(2), torch.zeros(2, 4)),
        torch.zeros(2, 1, 4, 4, 4),
        is_nodule=torch.tensor([True, True]),
        log_diameter=torch.zeros(2),
        density=torch.full((2,), -1),
        mask=torch.zeros(2, 1, 4, 4, 4),
        has_mask=torch.zeros(2, dtype=torch.bool),
        smoothing=0.05,
    )
    (pull,) = torch.autograd.grad(parts["classifier"], logits)
    assert (pull > 0).all()  # both are drawn back
