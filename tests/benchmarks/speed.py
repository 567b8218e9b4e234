"""Seconds and memory from a DICOM folder to findings.json, beside MONAI's RetinaNet-ResNet50.

Run by ``make bench NAME=speed``. The RetinaNet (random weights: speed does not depend on them) has
the settings of the Model Zoo bundle lung_nodule_ct_detection: 20.9 M parameters, windows of
192 x 192 x 80 voxels at 0.703 x 0.703 x 1.25 mm, overlap 0.25. One window is timed three times
and the median multiplied by the windows that the same scan needs.

Networks were converted before (a model's first use does it, once). Start is what lies outside of
the stages: the interpreter, imports, and what of loading the networks does not fit beside reading.
``MODEL`` names another model or a model's file; ``MONAI=0`` leaves the rival out.
A batch is four CTs in one process, its start taken off. There two things run beside each other: the
next CT is read and prepared, this one is detected, refined, measured and written. A CT cannot cost
less than the longer of the two (``batch_over_longer``: 1 where the overlap is whole), nor, where
both want the same cores, less than their processor time.
"""

from __future__ import annotations

import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(os.environ.get("STARLUNG_REAL_DATA", "../shared/data"))
SCAN = DATA / "dicom" / "lidc-idri-0001"
BATCH = tuple(
    DATA / "dicom" / name
    for name in ("lidc-idri-0001", "lidc-idri-0028", "covid-ct-md-normal001", "lidc-idri-0003")
)
MODEL = os.environ.get("MODEL", "")
WITH_MONAI = os.environ.get("MONAI", "1") != "0"
STAGES = ("read", "prepare", "detect", "refine", "measure", "write")
AHEAD = ("read", "prepare")  # of the next CT, while the others work on this one
WINDOW = (192, 192, 80)
BUNDLE_SPACING_MM = (0.703125, 0.703125, 1.25)
OVERLAP = 0.25


def score_in_process(*scans: Path) -> dict[str, float]:
    """Score in a fresh process, imports included; whole seconds, stages and peak memory."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        command = [sys.executable, "-m", "app.cli.main", "score", *map(str, scans), "--out", out]
        command += ["--model", MODEL] if MODEL else []
        subprocess.run(command, check=True, capture_output=True)
        total = time.perf_counter() - started
        results = [json.loads(p.read_text("utf-8")) for p in Path(out).glob("*/findings.json")]
    if len(results) != len(scans):
        raise RuntimeError(f"{len(results)} results of {len(scans)} scans")
    spent = {stage: sum(result["seconds"][stage] for result in results) for stage in STAGES}
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"total": total, "peak_mib": peak_kib / 1024, **spent}


def convert_networks() -> None:
    """Let a process of its own convert the networks, if that was not done before."""
    code = (
        "from models.zoo.loader import DEFAULT_MODEL, find_model;"
        "from models.zoo.ready import ready_networks; import sys;"
        "ready_networks(find_model(sys.argv[1] or DEFAULT_MODEL))"
    )
    subprocess.run([sys.executable, "-c", code, MODEL], check=True)


def windows_of(scan: Path) -> int:
    """How many of the bundle's windows the scan needs at the bundle's spacing."""
    from medical.intake import open_input

    with tempfile.TemporaryDirectory() as work:
        ct = open_input(scan, work_dir=Path(work)).chosen[0].load()
    z, y, x = (n * mm for n, mm in zip(ct.hu.shape, ct.geometry.spacing_mm, strict=True))
    counts = []
    for extent_mm, voxel_mm, window in zip((x, y, z), BUNDLE_SPACING_MM, WINDOW, strict=True):
        step = int(window * (1 - OVERLAP))
        counts.append(1 + max(0, math.ceil((extent_mm / voxel_mm - window) / step)))
    return math.prod(counts)


def retinanet_window_seconds() -> float:
    """Median seconds of one window through MONAI's RetinaNet-ResNet50, torch, all threads."""
    import torch
    from monai.apps.detection.networks.retinanet_network import RetinaNet
    from monai.networks.blocks.feature_pyramid_network import (
        FeaturePyramidNetwork,
        LastLevelMaxPool,
    )
    from monai.networks.nets.resnet import resnet50
    from torch import nn

    body = resnet50(
        spatial_dims=3, n_input_channels=1, conv1_t_stride=(2, 2, 1), conv1_t_size=(7, 7, 7)
    )

    class Backbone(nn.Module):
        """ResNet with the pyramid of the bundle (layers 1 and 2); MONAI's own needs torchvision."""

        out_channels = 256

        def __init__(self) -> None:
            super().__init__()
            self.body = body
            self.fpn = FeaturePyramidNetwork(3, [256, 512], 256, extra_blocks=LastLevelMaxPool(3))

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            b = self.body
            x = b.maxpool(b.act(b.bn1(b.conv1(x))))
            first = b.layer1(x)
            return self.fpn({"0": first, "1": b.layer2(first)})

    network = RetinaNet(3, 1, 3, Backbone(), size_divisible=(16, 16, 8)).eval()
    seconds = []
    with torch.inference_mode():
        image = torch.zeros(1, 1, *WINDOW)
        for _ in range(3):
            started = time.perf_counter()
            network(image)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    """Measure and print."""
    if not SCAN.is_dir():
        print(f"No real CT at {SCAN}: set STARLUNG_REAL_DATA to the folder of real CTs.")
        raise SystemExit(1)
    convert_networks()
    starlung = score_in_process(SCAN)
    batch = score_in_process(*BATCH)
    network_s = starlung["detect"] + starlung["refine"]
    inside = sum(starlung[stage] for stage in STAGES)
    print(f"{'stage':28s} {'seconds':>8s} {'share':>6s}")
    for stage in STAGES:
        print(f"{stage:28s} {starlung[stage]:8.2f} {starlung[stage] / starlung['total']:6.0%}")
    rest = starlung["total"] - inside
    print(f"{'start':28s} {rest:8.2f} {rest / starlung['total']:6.0%}")
    print(f"{'DICOM folder to findings':28s} {starlung['total']:8.2f}   100%")
    per_ct = (batch["total"] - rest) / len(BATCH)
    alone = sum(batch[stage] for stage in STAGES) / len(BATCH)
    ahead = sum(batch[stage] for stage in AHEAD) / len(BATCH)
    longer = max(ahead, alone - ahead)
    print(f"{len(BATCH)} CTs in one process: {per_ct:.2f} s a CT; its stages take {alone:.2f} s, ")
    print(f"of which {ahead:.2f} s beside the {alone - ahead:.2f} s of the CT before")
    print(f"peak memory {starlung['peak_mib']:.0f} MiB")
    rival: dict[str, float] = {}
    if WITH_MONAI:
        window_s, windows = retinanet_window_seconds(), windows_of(SCAN)
        monai_s = window_s * windows
        print(f"MONAI RetinaNet-ResNet50: {window_s:.1f} s x {windows} windows = {monai_s:.0f} s")
        rival = {"vs_monai_network": round(monai_s / network_s, 1)}
    result = {
        "ct_seconds": round(starlung["total"], 2),
        "network_seconds": round(network_s, 2),
        "peak_mib": round(starlung["peak_mib"]),
        **rival,
        "batch_seconds_per_ct": round(per_ct, 2),
        "batch_over_longer": round(per_ct / longer, 2),
        "start_seconds": round(rest, 2),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
