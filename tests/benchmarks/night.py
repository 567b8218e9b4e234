"""Two hundred studies by night: killed three times, each scored once, beside a plain loop.

Run by ``make bench NAME=night``. The studies are DICOM: small chests of many sizes, and parts of
the sample CT with shifts and noise; every header holds a patient's name and ID. The first of them
are scored by a plain loop over the same model too: one process, one after another, none read ahead.
Then one run over all, by two processes, is killed with SIGKILL three times at random and begun anew
with ``--resume``. At the end everything that it left behind is searched for names and IDs.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from app.settings import sample_folder
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.results.manifest import read_manifest
from medical.scoring.scorer import Scorer
from medical.synthesis.write_ct import CtLabels, write_ct_series

STUDIES = int(os.environ.get("STARLUNG_NIGHT_STUDIES", "200"))
OF_SAMPLE = 20  # one in so many is a part of the sample
BOTH_LUNGS = 10  # one in so many of the others has both
LOOP = 12
NAME, IDENTIFIER = "Wang^XiaoDong", "ID-XK4711"


def chest(chance: random.Random) -> np.ndarray:
    """Return one lung or two with a ball, 2 mm voxels, in another size each time."""
    size, sides = chance.uniform(0.94, 1.0), [-32]
    if chance.randrange(BOTH_LUNGS) == 0:
        sides.append(32)
    shape = (48, 72, 72)
    z, y, x = (
        axis * 2.0 - count
        for axis, count in zip(np.ogrid[: shape[0], : shape[1], : shape[2]], shape, strict=True)
    )
    hu = np.full(shape, -1000, np.float32)
    hu[np.broadcast_to((x / (70 * size)) ** 2 + (y / (55 * size)) ** 2 < 1, shape)] = 40
    for side in sides:
        away = (x / size - side) / 26
        hu[away**2 + (y / (42 * size)) ** 2 + (z / (44 * size)) ** 2 < 1] = -850
    place, radius = chance.uniform(-8, 8), chance.uniform(4, 7)
    hu[(x + 32 * size) ** 2 + (y - 5) ** 2 + (z + place) ** 2 < radius**2] = 50
    return hu


def part_of(sample: np.ndarray, chance: random.Random) -> np.ndarray:
    """Return some slices of the sample, shifted, every other pixel."""
    first, shift = chance.randrange(70, 120), chance.randrange(20)
    return sample[first : first + 20, 40 + shift : 240 + shift : 2, 20:268:2].astype(np.float32)


def write_studies(top: Path) -> list[Path]:
    """Write the studies, a folder each."""
    (handle,) = open_input(sample_folder(), work_dir=top / "work").chosen
    sample, folders = handle.load().hu, []
    for number in range(STUDIES):
        chance = random.Random(number)
        is_sample = number % OF_SAMPLE == 0
        hu = part_of(sample, chance) if is_sample else chest(chance)
        hu = hu + np.random.default_rng(number).normal(0, 15, hu.shape)
        spacing_mm = (1.5, 2.2, 2.2) if is_sample else (2.0, 2.0, 2.0)
        geometry = VolumeGeometry.axial(
            shape=hu.shape, spacing_mm=spacing_mm, origin_lps_mm=(0.0, 0.0, 0.0)
        )
        labels = CtLabels(f"night {number}", NAME, f"{IDENTIFIER}-{number}", "made")
        folder = top / "in" / f"{number:03d}"
        write_ct_series(hu.clip(-1024, 3000).astype(np.int16), geometry, folder, labels=labels)
        folders.append(folder)
    return folders


def results(out: Path) -> dict[str, str]:
    """Return what is said of each series, but for the time that it took."""
    outcomes = {}
    for file in out.glob("*/findings.json"):
        record = json.loads(file.read_text())
        record.pop("seconds")
        record.pop("input")
        outcomes[file.parent.name] = json.dumps(record, sort_keys=True)
    return outcomes


def loop_seconds(folders: list[Path], out: Path) -> float:
    """Score by a plain loop; seconds a study, start left out."""
    scorer = Scorer.named(samples=2)
    scorer.make_ready()
    started = time.monotonic()
    for number, folder in enumerate(folders):
        scorer.score([folder], out / str(number))
    return (time.monotonic() - started) / len(folders)


def night(top: Path) -> tuple[float, int]:
    """Run to the end in spite of three kills; seconds of all runs, and how many were killed."""
    out, spent, killed = top / "out", 0.0, 0
    command = [sys.executable, "-m", "app.cli.main", "score", top / "in", "--out", out, "--resume"]
    environment = os.environ | {
        "STARLUNG_SAMPLES": "2",
        "STARLUNG_WORK_DIR": str(top / "site"),
        "TMPDIR": str(top / "tmp"),
    }
    (top / "tmp").mkdir()
    chance = random.Random(23)
    stops = sorted(chance.sample(range(STUDIES // 10, STUDIES - STUDIES // 10), 3))
    for stop in [*stops, STUDIES + 1]:
        started = time.monotonic()
        with (top / "night.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--workers", "2"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while process.poll() is None and len(list(out.glob("*/findings.json"))) < stop:
            time.sleep(0.2)
        if process.poll() is None:
            time.sleep(chance.uniform(0, 3))
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        spent += time.monotonic() - started
        for file in out.glob("*/findings.json"):
            json.loads(file.read_text())  # each is whole
    return spent, killed


def left_behind(top: Path) -> list[str]:
    """List files and names that tell who was scanned."""
    words = [part.encode() for part in (*NAME.split("^"), IDENTIFIER)]
    return [
        str(path.relative_to(top))
        for place in ("out", "site", "tmp", "night.log")
        for path in [top / place, *(top / place).rglob("*")]
        if any(word in str(path.relative_to(top)).encode() for word in words)
        or (path.is_file() and any(word in path.read_bytes() for word in words))
    ]


def main() -> None:
    """Print the figures; end with 1 where something is lost, done twice, half or told."""
    top = Path(tempfile.mkdtemp(prefix="starlung-night-"))
    folders = write_studies(top)
    seconds = loop_seconds(folders[:LOOP], top / "loop")
    spent, killed = night(top)
    scored = [entry.sha256 for entry in read_manifest(top / "out") if entry.outcome == "scored"]
    outcomes = results(top / "out")
    alike = sum(outcomes.get(uid) == text for n in range(LOOP)
                for uid, text in results(top / "loop" / str(n)).items())  # fmt: skip
    figures = {
        "studies": STUDIES,
        "killed": killed,
        "results": len(outcomes),
        "scored_twice": len(scored) - len(set(scored)),
        "half_written": len(list((top / "out").rglob("*.partial-*"))),
        "like_the_loop": f"{alike} of {LOOP}",
        "names_left": left_behind(top),
        "loop_seconds_per_study": round(seconds, 2),
        "night_seconds_per_study": round(spent / STUDIES, 2),
        "faster": round(seconds * STUDIES / spent, 2),
    }
    print(f"RESULT {json.dumps(figures)}")
    shutil.rmtree(top, ignore_errors=True)
    whole = (killed, len(outcomes), figures["scored_twice"], figures["half_written"]) == (
        (3, STUDIES, 0, 0)
    )
    sys.exit(not (whole and alike == LOOP and not figures["names_left"]))


if __name__ == "__main__":
    main()
