"""One student is taught in three widths, and says something else in each."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import torch

from medical.training.lessons import Lessons
from models.compression.dynamic import AnyPrecisionConv3d
from models.compression.quantization import BITS
from models.detector.detector import Detector
from tests.benchmarks.folds.small.precision import taught
from tests.medical.training.test_compress import CPU, RECIPE, material, teacher

pytestmark = pytest.mark.heavy


def test_each_width_has_bounds_and_an_answer_of_its_own(tmp_path: Path) -> None:
    torch.manual_seed(1)
    student = RECIPE.detector.build()
    before = student.get_parameter("pyramid.smooth4.conv.weight").clone()
    lessons = Lessons(material(), RECIPE, CPU)
    model = taught(student, teacher(), lessons, out=tmp_path, seconds=2.0)
    layer = cast(AnyPrecisionConv3d, model.network.get_submodule("pyramid.smooth4.conv"))
    assert not torch.equal(layer.weight, before)
    assert bool(layer.observed.all()) and bool((layer.high > layer.low).all())
    assert bool(torch.isfinite(model.quantizer.limits).all())
    image = torch.randn(1, 1, 64, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.4
    plain = RECIPE.detector.build().eval()
    own = {n: w for n, w in model.network.state_dict().items() if n in plain.state_dict()}
    plain.load_state_dict(own)
    errors = []
    with torch.no_grad():
        for bits in BITS:
            model.set_bits(bits)
            network = cast(Detector, model.network)
            errors.append(float((network(image) - plain(image)).abs().mean()))
    assert errors[0] > errors[1] > errors[2] > 0
