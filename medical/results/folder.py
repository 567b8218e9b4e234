"""The folder of one scored series: the only place that knows what its files are called."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from medical.ct.volume import CtVolume, QualityNote, SeriesSource
from medical.detection.findings import SeriesFindings
from medical.dicom.header.patient import ScannedExamination
from medical.errors import InputError
from medical.files import Content, write_atomic
from medical.i18n.messages import message
from medical.nodule.outline import Outline
from medical.results import images, predictions, registration, signature
from medical.results import outlines as stored_outlines
from medical.results.images import ViewerImages
from medical.results.malignancy_files import CONTEXT, TOKENS, TYPED, MalignancyFiles
from medical.results.predictions import WrittenCandidate
from medical.results.registration import KeptRegistration
from medical.results.signature import Signed

FINDINGS = "findings.json"
PREDICTIONS = "predictions.csv"
ACQUISITION = "acquisition.json"
INPUT = "input.json"
SIGNATURE = "signature.json"
MAP = re.compile(r"heatmap-\d+\.(nii\.gz|dcm)")
OUTLINES = "outlines.npz"
FORM = re.compile(r"(sr|seg|cad-sr|kos|pdf)\.dcm|report\.pdf")
VIEWER, GROWTH = "viewer", "growth"
IMAGES, SHEET = "ct.nii.gz", "volume.json"
PARTIAL = ".partial-"  # see medical.files


if TYPE_CHECKING:
    from medical.detection.finalize import ScoredCandidate

_SIGNED = (FINDINGS, PREDICTIONS, ACQUISITION, OUTLINES, TOKENS)
_AGAIN = message("Score the study again")


@dataclass(frozen=True, slots=True)
class ResultFolder:
    """What scoring wrote of one series, and what was made of it since.

    Each file is there whole or not at all, and ``findings.json`` appears last: where it lies, the
    files beside it belong to it.

    Args:
        path: of the folder; it need not exist.
    """

    path: Path

    # the result

    def read_findings(self) -> SeriesFindings:
        """Read ``findings.json``.

        Raises:
            InputError: the file is missing, unreadable or not ours.
        """
        file = self.path / FINDINGS
        try:
            return SeriesFindings.model_validate_json(file.read_bytes())
        except OSError as error:
            raise InputError(
                file, message("cannot be read"), message("Check that the file exists")
            ) from error
        except ValidationError as error:
            problem = message("is not a result in the form starlung.findings/1")
            raise InputError(file, problem, _AGAIN) from error

    def find_findings(self) -> SeriesFindings | None:
        """Read ``findings.json``; ``None`` where there is none, or a damaged one."""
        try:
            return self.read_findings()
        except InputError:
            return None

    def write_findings(self, findings: SeriesFindings, *, key: bytes | None = None) -> None:
        """Write ``findings.json`` and, before it appears, the signature of the whole result.

        Args:
            findings: of the series.
            key: the site's, which signs; without it the result is not signed.
        """
        content = (findings.model_dump_json(by_alias=True, indent=2) + "\n").encode()
        if key is not None:
            files = self._signed_files() | {FINDINGS: content}
            write_atomic(self.path / SIGNATURE, signature.sign(files, key=key))
        write_atomic(self.path / FINDINGS, content)

    def add_note(self, note: QualityNote, *, key: bytes | None) -> None:
        """Add a quality note to the result that is there; ``key`` signs it anew."""
        findings = self.read_findings()
        quality = [note, *findings.quality]
        self.write_findings(findings.model_copy(update={"quality": quality}), key=key)

    def whose_signature(self, key: bytes) -> Signed:
        """Tell whose signature the result carries, by the site's key."""
        try:
            record = signature.read(self.path / SIGNATURE)
        except OSError:
            return "not"
        return signature.check(record, self._signed_files(), key=key)

    def _signed_files(self) -> dict[str, bytes]:
        files = (self.path / name for name in _SIGNED)
        return {file.name: file.read_bytes() for file in files if file.is_file()}

    # beside the findings

    def write_candidates(
        self, scored: SeriesFindings, candidates: Sequence[ScoredCandidate]
    ) -> None:
        """Write the series' ``predictions.csv``, see ``predictions.write_candidates``."""
        predictions.write_candidates(self.path / PREDICTIONS, scored, candidates)

    def read_candidates(self) -> list[WrittenCandidate]:
        """Read the series' candidates, strongest first; none where the file is not there.

        Raises:
            InputError: the file is damaged.
        """
        return predictions.read_candidates(self.path / PREDICTIONS)

    def write_acquisition(self, source: SeriesSource) -> None:
        """Write how the series was acquired; nothing of it tells who was scanned."""
        text = json.dumps(source.acquisition, indent=2, sort_keys=True)
        write_atomic(self.path / ACQUISITION, text + "\n")

    def read_acquisition(self) -> dict[str, str]:
        """Read how the series was acquired; empty where that is not known.

        Raises:
            InputError: the file is damaged.
        """
        file = self.path / ACQUISITION
        if not file.is_file():
            return {}
        try:
            facts = json.loads(file.read_text("utf-8"))
            return {str(key): str(value) for key, value in facts.items()}
        except (ValueError, AttributeError) as error:
            raise InputError(ACQUISITION, message("is damaged"), _AGAIN) from error

    def write_input(self, content: Content, *, images: str = "") -> None:
        """Keep the digests of the series' files, by which it is known again once it has grown.

        ``images`` is the digest of what they show (``images_digest``), where it is wanted.
        """
        record = {"files": content.files, "images": images}
        write_atomic(self.path / INPUT, json.dumps(record) + "\n")

    def read_input(self) -> list[str]:
        """Read the files' digests; none where they cannot be read."""
        files = self._input().get("files")
        return [str(digest) for digest in files] if isinstance(files, list) else []

    def read_images_digest(self) -> str:
        """Read the digest of the images; empty where none was kept, or it cannot be read."""
        return str(self._input().get("images", ""))

    def _input(self) -> dict[str, object]:
        try:
            return dict(json.loads((self.path / INPUT).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return {}

    # outlines, and what is made of them for archives

    def write_outlines(self, outlines: Sequence[Outline]) -> None:
        """Write the masks that the findings were measured on."""
        stored_outlines.write(self.path / OUTLINES, outlines)

    def read_outlines(self) -> tuple[Outline, ...] | None:
        """Read them; ``None`` where an earlier version made the result, which kept none.

        Raises:
            InputError: the file is damaged.
        """
        try:
            return stored_outlines.read(self.path / OUTLINES)
        except OSError:
            return None
        except ValueError as error:
            raise InputError(OUTLINES, message("is damaged"), _AGAIN) from error

    @property
    def malignancy(self) -> MalignancyFiles:
        """Return what the malignancy was read from."""
        return MalignancyFiles(self.path)

    def dicom_file(self, form: str) -> Path:
        """Return where a DICOM object lies: ``sr``, ``seg``, ``cad-sr``, ``kos`` or ``pdf``."""
        return self.path / f"{form}.dcm"

    @property
    def pdf_file(self) -> Path:
        """The report as PDF; it need not exist."""
        return self.path / "report.pdf"

    def write_pdf(self, content: bytes) -> None:
        """Write the report as PDF."""
        write_atomic(self.pdf_file, content)

    # attention maps

    def map_file(self, finding_id: int) -> Path:
        """Return where a finding's attention map lies, as NIfTI."""
        return self.path / f"heatmap-{finding_id}.nii.gz"

    def parametric_map_file(self, finding_id: int) -> Path:
        """Return where it lies as DICOM parametric map."""
        return self.path / f"heatmap-{finding_id}.dcm"

    def maps(self, finding_ids: Iterable[int]) -> dict[int, Path]:
        """Return the maps that are there, by the finding's number."""
        paths = {number: self.map_file(number) for number in finding_ids}
        return {number: path for number, path in paths.items() if path.is_file()}

    # the viewer's images

    @property
    def images_file(self) -> Path:
        """The compressed volume that the viewer loads; it need not exist."""
        return self.path / VIEWER / IMAGES

    def write_images(self, ct: CtVolume, *, examination: ScannedExamination | None = None) -> None:
        """Keep the images for the viewer; the volume's sheet appears last."""
        images.write(
            ct, self.images_file, self.images_file.with_name(SHEET), examination=examination
        )

    def read_images(self) -> ViewerImages | None:
        """Read what the page must know of the images; ``None`` where there are none.

        Raises:
            ValidationError: the sheet is not ours.
        """
        sheet = self.images_file.with_name(SHEET)
        if not (self.images_file.is_file() and sheet.is_file()):
            return None
        return ViewerImages.model_validate_json(sheet.read_text("utf-8"))

    def load_images(self) -> CtVolume:
        """Read the viewer's volume, with its slices' numbers and UIDs.

        Raises:
            InputError: it is not there, or damaged.
        """
        sheet = self.read_images()
        if sheet is None:
            raise InputError("images", message("are no longer here"), _AGAIN)
        return images.load(self.images_file, sheet, series_uid=self.path.name)

    # registrations with earlier CTs

    def registration_file(self, prior: ResultFolder) -> Path:
        """Return where a registration lies; the name tells nothing of the earlier study."""
        return self.path / GROWTH / registration.file_name(prior.path)

    def write_registration(self, prior: ResultFolder, attempt: KeptRegistration) -> None:
        """Keep what registering this CT with an earlier one gave, a failure too."""
        file = self.registration_file(prior)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, attempt.model_dump_json())

    def read_registration(self, prior: ResultFolder) -> KeptRegistration | None:
        """Read what was kept for the pair; ``None`` when nothing was, or it cannot be read."""
        try:
            content = self.registration_file(prior).read_bytes()
            return KeptRegistration.model_validate_json(content)
        except (OSError, ValidationError):
            return None

    def clear(self, *, images_too: bool) -> None:
        """Remove what was made from the present result, before another is written.

        Args:
            images_too: also what was made from its images, since the next result has other images.
        """
        for name in (FINDINGS, SIGNATURE, OUTLINES, TOKENS, CONTEXT, TYPED):
            (self.path / name).unlink(missing_ok=True)
        for path in self.path.iterdir():
            made = MAP.fullmatch(path.name) or FORM.fullmatch(path.name)
            if made or path.name.startswith(PARTIAL):
                path.unlink()
            elif images_too and path.name in (VIEWER, GROWTH):
                shutil.rmtree(path)
