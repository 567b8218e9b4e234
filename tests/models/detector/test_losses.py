import torch

from models.detector.contract import CHANNELS_OUT, HEAT, LOG_DIAMETER, OFFSET
from models.detector.crops import crop_around
from models.detector.losses import centre_loss, centre_targets
from models.detector.peaks import find_peaks


def test_perfect_map_is_decoded_to_the_same_centre() -> None:
    center, diameter = torch.tensor([[[33.2, 50.7, 61.1]]]), torch.tensor([[11.0]])
    yes = torch.ones(1, 1, dtype=torch.bool)
    targets = centre_targets(center, diameter, yes, torch.zeros(1, 1, 96, 96, 96), yes, ~yes)
    output = torch.zeros(1, CHANNELS_OUT, 24, 24, 24)
    output[:, HEAT] = targets.heat
    flat = output.flatten(2)
    flat[0, OFFSET, targets.cell[0, 0]] = targets.offset[0, 0]
    flat[0, LOG_DIAMETER, targets.cell[0, 0]] = targets.log_diameter[0, 0]
    peak = find_peaks(flat.reshape(output.shape), most=1)
    torch.testing.assert_close(peak.centers[0, 0], center[0, 0], atol=0.01, rtol=0)
    torch.testing.assert_close(peak.diameters_mm[0, 0], diameter[0, 0])


def test_crop_of_a_ramp_is_centred() -> None:
    ramp = torch.arange(40.0).view(1, 1, 40, 1, 1).expand(1, 1, 40, 40, 40).contiguous()
    crop = crop_around(ramp, torch.tensor([[20.5, 20.0, 20.0]]), torch.tensor([8.0]), size=16)
    assert abs(float(crop.mean()) - 20.5) < 1e-4


def test_a_mark_on_a_doubtful_finding_costs_nothing_and_one_beside_it_does() -> None:
    center, diameter = torch.tensor([[[30.0, 30.0, 30.0]]]), torch.tensor([[12.0]])
    yes = torch.ones(1, 1, dtype=torch.bool)
    targets = centre_targets(center, diameter, ~yes, torch.zeros(1, 1, 96, 96, 96), ~yes, yes)

    def heat_loss(at: int) -> float:
        output = torch.full((1, CHANNELS_OUT, 24, 24, 24), -6.0)
        output[0, HEAT, at, at, at] = 5.0
        return float(centre_loss(output, targets)["heat"])

    assert heat_loss(7) < 0.1 < 1.0 < heat_loss(18)


def test_a_doubtful_finding_outside_the_patch_still_reaches_into_it() -> None:
    center, diameter = torch.tensor([[[-6.0, 48.0, 48.0]]]), torch.tensor([[30.0]])
    yes = torch.ones(1, 1, dtype=torch.bool)
    counted = centre_targets(
        center, diameter, ~yes, torch.zeros(1, 1, 96, 96, 96), ~yes, yes
    ).counted
    assert not counted[0, 0, 12, 12]
    assert counted[0, 12, 12, 12]
