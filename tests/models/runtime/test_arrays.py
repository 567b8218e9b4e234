"""What scoring does with arrays is what training does with tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference

from models.detector import crops as torch_crops
from models.detector import peaks as torch_peaks
from models.detector.contract import STRIDE
from models.detector.refiner import Refiner, RefinerConfig
from models.runtime.crops import crop_around
from models.runtime.dropout import layers_of_refiner
from models.runtime.peaks import find_peaks
from models.runtime.windows import over_windows, window_places


@pytest.mark.parametrize(
    ("center", "extent"),
    [((20.5, 18.0, 21.3), 8.0), ((1.0, 39.0, 20.0), 30.0), ((20.0, 20.0, 20.0), 120.0)],
)
def test_crops_are_those_of_training(center: tuple[float, float, float], extent: float) -> None:
    volume = np.random.default_rng(0).random((40, 42, 44), np.float32)
    expected = torch_crops.crop_around(
        torch.from_numpy(volume)[None, None],
        torch.tensor([center]),
        torch.tensor([extent]),
        size=16,
    )[0, 0].numpy()
    crop = crop_around(volume, np.array(center), extent, size=16)
    np.testing.assert_allclose(crop, expected, atol=1e-4)


def test_peaks_are_those_of_training() -> None:
    output = np.random.default_rng(0).normal(0, 1, (6, 8, 9, 10)).astype(np.float32)
    expected = torch_peaks.find_peaks(torch.from_numpy(output)[None], most=12)
    peaks = find_peaks(output, most=12)
    np.testing.assert_allclose(peaks.logits, expected.logits[0].numpy())
    np.testing.assert_allclose(peaks.centers, expected.centers[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(peaks.diameters_mm, expected.diameters_mm[0].numpy(), rtol=1e-5)


def test_weak_peaks_are_left_out() -> None:
    output = np.zeros((6, 8, 8, 8), np.float32)
    output[0] = -20
    output[0, 2, 2, 2], output[0, 5, 5, 5] = 1.0, -3.0
    assert find_peaks(output, most=5, min_logit=-2.0).logits.tolist() == [1.0]


@pytest.mark.parametrize("shape", [(32, 64, 48), (40, 92, 32)])
def test_windows_are_blended_as_monai_does(shape: tuple[int, int, int]) -> None:
    image = torch.from_numpy(np.random.default_rng(0).random((1, 1, *shape), np.float32))

    def look(window: torch.Tensor) -> torch.Tensor:  # depends on where in the window a cell lies
        pooled = torch.nn.functional.avg_pool3d(window, STRIDE)
        return pooled * torch.linspace(0, 1, pooled.shape[-1])

    window = (32, 32, 32)
    expected = sliding_window_inference(
        image, window, 1, look, overlap=0.25, mode="gaussian", sigma_scale=0.25
    )
    output = over_windows(
        shape,
        window,
        lambda place: look(image[(0, 0, *place)][None])[0][None].numpy(),
        overlap=0.25,
    )
    np.testing.assert_allclose(output, expected[0].numpy(), atol=1e-5)


def test_windows_end_with_the_volume() -> None:
    places = list(window_places((40, 32, 32), (32, 32, 32), overlap=0.25))
    assert [place[0] for place in places] == [slice(0, 32), slice(8, 40)]


@pytest.mark.parametrize("own", [False, True])
def test_samples_are_those_that_torch_draws(own: bool) -> None:
    torch.manual_seed(3)
    refiner: Refiner = RefinerConfig(widths=(4, 4, 4), hidden=8, own_classifier=own).build()
    features = torch.rand(6, 5, 17)
    state = {name: value.numpy() for name, value in refiner.state_dict().items()}
    classifier, outline = layers_of_refiner(state, share=refiner.dropout, own_classifier=own)
    with torch.no_grad():
        torch.manual_seed(11)
        logits = refiner.classify(features, drop=True).numpy()
        torch.manual_seed(11)
        both = refiner.apply_head(features, drop=True).numpy()
    np.testing.assert_allclose(classifier.apply(features.numpy(), seed=11)[..., 0], logits, 1e-4)
    np.testing.assert_allclose(outline.apply(features.numpy(), seed=11), both, 1e-4, 1e-6)
