import subprocess
import sys

import torch

from models.detector.detector import DetectorConfig
from models.detector.runtime import compiled_detector


def test_compiled_detector_agrees_with_torch() -> None:
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(8, 8, 8, 8), channels=8).build().eval()
    image = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        expected = detector(image)
    torch.testing.assert_close(
        compiled_detector(detector, window=(32, 32, 32))(image), expected, atol=1e-3, rtol=1e-3
    )


def test_openvino_reports_to_nobody() -> None:
    code = (
        "import sys, multiprocessing, models.detector.runtime;"
        "assert not [m for m in sys.modules if m.startswith('openvino_telemetry.')];"
        "assert not multiprocessing.active_children()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
