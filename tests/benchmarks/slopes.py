"""How seconds grow with slices, candidates, samples and the disk: ``make bench NAME=slopes``.

One real CT is written again with 100 to 1,000 slices over the same height, uncompressed, and read
and scored in this process; the refinement stage alone is timed for 1 to 64 candidates and 2 to 64
samples. Reading is timed with the files in memory and, after the system was asked to forget them,
from the disk; what a disk of 1 to 8 GB/s adds is computed: bytes over rate, as one file is read
after the other. ``MODEL=NAME`` or a file says whose networks. Writes ``OUT/slopes.png``
(``OUT=FOLDER``).
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from scipy import ndimage

from medical.ct.prepare import prepare
from medical.ct.volume import CtVolume
from medical.detection.refinement import RefinementStage, cut
from medical.intake import open_input
from medical.scoring.scorer import Scorer
from models.runtime.networks import Networks
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.ready import ready_networks

DATA = Path(os.environ.get("STARLUNG_REAL_DATA", "../shared/data"))
SCAN = DATA / "dicom" / "covid-ct-md-normal001"
SLICES = (100, 200, 400, 700, 1000)
COUNTS = (1, 2, 4, 8, 16, 32, 64)
SAMPLES = (2, 4, 8, 16, 32, 64)
DISKS_GB_S = (1, 2, 4, 8)
_ON_DISK = 400  # slices of the CT that is read again


def write_series(ct: CtVolume, header: pydicom.Dataset, count: int, folder: Path) -> None:
    """Write a CT with so many slices over its height."""
    hu = ndimage.zoom(ct.hu, (count / ct.hu.shape[0], 1, 1), order=1)
    first = np.array(header.ImagePositionPatient, float)
    apart = ct.geometry.spacing_mm[0] * (ct.hu.shape[0] - 1) / max(1, count - 1)
    series = generate_uid()
    for number, pixels in enumerate(hu):
        item = pydicom.dcmread(header.filename, stop_before_pixels=True)
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.SeriesInstanceUID, item.SOPInstanceUID = series, generate_uid()
        item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID
        item.InstanceNumber, item.SliceThickness = number + 1, apart
        item.ImagePositionPatient = [first[0], first[1], first[2] + apart * number]
        item.SliceLocation = first[2] + apart * number
        item.RescaleSlope, item.RescaleIntercept = 1, -1024
        item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 0
        item.Rows, item.Columns = pixels.shape
        content = np.clip(pixels + 1024, 0, 65535).astype(np.uint16).tobytes()
        item.add_new("PixelData", "OW", content)
        item.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


def median_seconds(run: Callable[[], object], *, times: int = 3) -> float:
    """Median of some runs after one that does not count."""
    run()
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def by_slices(scorer: Scorer) -> dict[int, dict[str, float]]:
    """Seconds of each stage by the number of slices."""
    rows = {}
    with tempfile.TemporaryDirectory() as work:
        given = open_input(SCAN, work_dir=Path(work)).chosen[0].load()
        files = [pydicom.dcmread(path) for path in sorted(SCAN.rglob("*")) if path.is_file()]
        lowest = min(files, key=lambda item: float(item.ImagePositionPatient[2]))
        for count in SLICES:
            folder = Path(work) / f"s{count}"
            folder.mkdir()
            write_series(given, lowest, count, folder)
            started = time.perf_counter()
            ct = open_input(folder, work_dir=Path(work)).chosen[0].load()
            read = time.perf_counter() - started
            seconds = scorer.read(ct).findings.seconds
            rows[count] = {
                "read": read,
                "prepare": seconds.prepare,
                "detect": seconds.detect,
                "refine": seconds.refine,
            }
            print(
                f"{count:5d} slices: " + ", ".join(f"{k} {v:.2f} s" for k, v in rows[count].items())
            )
    return rows


def by_candidates(networks: Networks, hu: np.ndarray) -> dict[int, float]:
    """Seconds of classifying, outlining and sizing so many candidates."""
    stage, draw = RefinementStage(networks.refinement, samples=32), np.random.default_rng(0)
    rows = {}
    for count in COUNTS:
        centers = draw.uniform(0.2, 0.8, (count, 3)) * hu.shape
        diameters = np.full(count, 8.0)

        def run(at: np.ndarray = centers, mm: np.ndarray = diameters) -> None:
            refined = stage.refine(hu, at, mm)
            for index in range(len(at)):
                refined.size(index)

        rows[count] = median_seconds(run)
        print(f"{count:5d} candidates: {rows[count]:.3f} s")
    return rows


def by_samples(networks: Networks, hu: np.ndarray) -> dict[int, float]:
    """Seconds of classifying eight candidates with so many samples."""
    centers = np.random.default_rng(0).uniform(0.2, 0.8, (8, 3)) * hu.shape
    crops = cut(hu, centers, np.full(8, 8.0))
    rows = {}
    for samples in SAMPLES:
        stage = RefinementStage(networks.refinement, samples=samples)
        rows[samples] = median_seconds(lambda s=stage: s.outline(crops, s.classify(crops)))  # type: ignore[misc]
        print(f"{samples:5d} samples: {rows[samples]:.3f} s")
    return rows


def forget(folder: Path) -> None:
    """Ask the system to drop a folder's files from memory."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def by_disk() -> tuple[dict[int, float], float, int]:
    """Seconds of reading by the disk's rate (computed), from this disk (measured), and bytes."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as work:
        given = open_input(SCAN, work_dir=Path(work)).chosen[0].load()
        files = [pydicom.dcmread(path) for path in sorted(SCAN.rglob("*")) if path.is_file()]
        lowest = min(files, key=lambda item: float(item.ImagePositionPatient[2]))
        folder = Path(work) / "series"
        folder.mkdir()
        write_series(given, lowest, _ON_DISK, folder)

        def read() -> object:
            return open_input(folder, work_dir=Path(work)).chosen[0].load()

        size = sum(path.stat().st_size for path in folder.iterdir())
        in_memory = median_seconds(read)
        forget(folder)
        started = time.perf_counter()
        read()
        from_disk = time.perf_counter() - started
    rows = {rate: in_memory + size / (1e9 * rate) for rate in DISKS_GB_S}
    print(f"{size / 1e6:.0f} MB in {_ON_DISK} files: {in_memory:.2f} s from memory, ", end="")
    print(f"{from_disk:.2f} s from this disk")
    return rows, from_disk, size


def plot(
    slices: dict[int, dict[str, float]],
    candidates: dict[int, float],
    samples: dict[int, float],
    disks: dict[int, float],
    path: Path,
) -> None:
    """Write the four slopes as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    first, second, third, fourth = (figure.add_subplot(1, 4, k) for k in (1, 2, 3, 4))
    for stage in next(iter(slices.values())):
        first.plot(list(slices), [row[stage] for row in slices.values()], "o-", label=stage)
    first.set(xlabel="Slices over the same height", ylabel="Seconds")
    first.legend(fontsize=8)
    second.plot(list(candidates), list(candidates.values()), "o-")
    second.set(xlabel="Candidates refined and outlined")
    third.plot(list(samples), list(samples.values()), "o-")
    third.set(xlabel="Monte-Carlo samples, 8 candidates")
    fourth.plot(list(disks), list(disks.values()), "o-")
    fourth.set(xlabel=f"Disk, GB/s (computed), {_ON_DISK} slices read")
    for axes in (first, second, third, fourth):
        axes.set_ylim(0, 1.08 * axes.dataLim.ymax)
        axes.grid(color="0.9")
    figure.savefig(path, dpi=100)


def per_step(rows: dict[int, float]) -> float:
    """Slope of a straight line through the points."""
    return float(np.polyfit(list(rows), list(rows.values()), 1)[0])


def main() -> None:
    """Measure, plot and print."""
    if not SCAN.is_dir():
        print(f"No real CT at {SCAN}: set STARLUNG_REAL_DATA to the folder of real CTs.")
        raise SystemExit(1)
    model = find_model(os.environ.get("MODEL", DEFAULT_MODEL))
    scorer = Scorer(model, device="cpu")
    scorer.warm_up()
    slices = by_slices(scorer)
    with tempfile.TemporaryDirectory() as work:
        hu = prepare(open_input(SCAN, work_dir=Path(work)).chosen[0].load()).hu
    networks = ready_networks(model, device="cpu")
    candidates, samples = by_candidates(networks, hu), by_samples(networks, hu)
    disks, from_disk, size = by_disk()
    plot(slices, candidates, samples, disks, Path(os.environ.get("OUT", ".")) / "slopes.png")
    stages = next(iter(slices.values()))
    result = {
        f"{stage}_ms_per_100_slices": round(
            1e5 * per_step({count: row[stage] for count, row in slices.items()}), 1
        )
        for stage in stages
    }
    result |= {
        "ms_per_candidate": round(1e3 * per_step(candidates), 2),
        "ms_per_sample": round(1e3 * per_step(samples), 3),
        "disk_ms_at_1_and_8_gb_s": [round(size / 1e6 / rate) for rate in (1, 8)],
        "read_from_this_disk_seconds": round(from_disk, 2),
    }
    print("RESULT " + json.dumps({"model": model.card.name, **result}))


if __name__ == "__main__":
    main()
