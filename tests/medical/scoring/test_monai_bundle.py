"""A model's bundle is executed by MONAI's own runner and finds what the model finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from monai.bundle import ConfigParser

from medical.scoring.monai_bundle import write_bundle
from medical.scoring.scorer import Scorer
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.conftest import REPOSITORY
from tests.medical.scoring.small_chest import write_small_chest


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "bundle"
    write_bundle(find_model(DEFAULT_MODEL), folder)
    return folder


def test_it_is_the_same_model(bundle: Path) -> None:
    shipped, exported = find_model(DEFAULT_MODEL), find_model(str(bundle / "models"))
    assert exported.card.digest == shipped.card.digest


def test_its_network_is_built_by_monai_s_parser(bundle: Path) -> None:
    parser = ConfigParser()
    parser.read_config(bundle / "configs" / "inference.json")
    parser["bundle_root"] = str(bundle)
    networks = parser.get_parsed_content("network_def")
    assert sum(weight.numel() for weight in networks.detector.parameters()) > 1e6


def test_its_metadata_has_what_monai_asks_for(bundle: Path) -> None:
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text("utf-8"))
    asked = ("version", "changelog", "monai_version", "pytorch_version", "numpy_version", "task")
    assert all(metadata[key] for key in (*asked, "description", "authors", "copyright"))
    assert metadata["network_data_format"]["inputs"]["image"]["modality"] == "CT"


def run_bundle(bundle: Path, image: Path, out: Path) -> subprocess.CompletedProcess[str]:
    options = {"--config_file": "configs/inference.json", "--bundle_root": ".", "--samples": "2"}
    given = [*options.items(), ("--image", str(image)), ("--output_dir", str(out))]
    return subprocess.run(
        [sys.executable, "-m", "monai.bundle", "run", *(word for pair in given for word in pair)],
        cwd=bundle,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.heavy
def test_monai_runs_it_on_a_nifti_with_the_same_findings(
    bundle: Path, quick_scorer: Scorer, tmp_path: Path
) -> None:
    chest = tmp_path / "ct.nii.gz"
    write_small_chest(chest, seed=1)
    ended = run_bundle(bundle, chest, tmp_path / "by-monai")
    assert ended.returncode == 0, ended.stderr
    (scored,) = quick_scorer.score([chest], tmp_path / "by-us").series
    record = json.loads((tmp_path / "by-monai" / "ct" / "findings.json").read_text("utf-8"))
    assert len(record["findings"]) == len(scored.findings.findings) > 0
    for finding, own_finding in zip(record["findings"], scored.findings.findings, strict=True):
        assert finding["center_lps_mm"] == pytest.approx(own_finding.center_lps_mm, abs=0.1)
        assert finding["probability"] == pytest.approx(own_finding.probability, abs=0.001)


@pytest.mark.heavy
def test_a_ct_that_cannot_be_read_ends_the_run_with_its_reason(
    bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "ct.nii.gz").write_bytes(b"not a NIfTI")
    ended = run_bundle(bundle, tmp_path / "ct.nii.gz", tmp_path / "out")
    assert ended.returncode != 0
    assert "ct.nii.gz" in ended.stderr
