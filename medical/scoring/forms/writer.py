"""The forms of a result that an archive understands: DICOM SR, SEG, key objects, and PDF.

They are made of what lies in the result folder and of the CT's headers, so a result that is there
already gets them without being scored again. What cannot be made is told, the others are made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from medical.ct.volume import CtVolume
from medical.detection.findings import SeriesFindings
from medical.dicom.header.tags import quiet_pydicom
from medical.dicom.stacking.series import CtSeries
from medical.dicom_out.chest_cad import write_chest_cad
from medical.dicom_out.encapsulated_pdf import write_encapsulated_pdf
from medical.dicom_out.kept_headers import try_pack_headers
from medical.dicom_out.key_objects import write_key_objects
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import OriginalCt, OtherImagesError
from medical.dicom_out.segmentation import outlined, write_segmentation
from medical.i18n.messages import Message, message
from medical.io.series_handle import SeriesHandle
from medical.report.files import unread_content
from medical.report.objects.assessed import typed_ratings, unread_assessments
from medical.results.folder import ResultFolder
from models.zoo.card import ModelCard

Form = Literal["sr", "seg", "cad-sr", "kos", "pdf"]
FORMS: tuple[Form, ...] = get_args(Form)
_log = logging.getLogger(__name__)


def headers_to_keep(handle: SeriesHandle) -> bytes:
    """Return the headers of a CT, for objects that are made later; none where it is not DICOM."""
    origin = handle.origin
    return try_pack_headers(origin.frames) if isinstance(origin, CtSeries) else b""


@dataclass(slots=True)
class FormWriter:
    """Writes the forms of one result.

    Args:
        folder: of the result, with its outlines.
        scored: the result.
        handle: of the CT that was scored.
        card: of the model that scored it.
        load: reads the CT, for the report's key images.
    """

    folder: ResultFolder
    scored: SeriesFindings
    handle: SeriesHandle
    card: ModelCard
    load: Callable[[], CtVolume]

    def missing(self, forms: Iterable[Form]) -> set[Form]:
        """Return the forms whose file is not there yet."""
        return {
            form
            for form in forms
            if not self.folder.dicom_file(form).is_file()
            and not (form == "pdf" and self.folder.pdf_file.is_file())
        }

    def write(self, forms: Iterable[Form]) -> list[Message]:
        """Write forms; return why each of the others could not be.

        Args:
            forms: which; ``sr`` brings the ``seg`` that it refers to.

        Raises:
            InputError: the outlines are damaged, or the CT cannot be read for the key images.
            OSError: a file cannot be written.
        """
        wanted = set(forms)
        pdf = self._write_pdf() if "pdf" in wanted else b""
        origin = self.handle.origin
        if not isinstance(origin, CtSeries):
            problem = message("no DICOM objects: the CT did not come as DICOM")
            return [problem] if wanted - {"pdf"} else []
        places = {frame.frame_of_reference_uid for frame in origin.frames}
        if len(places) > 1:
            return [message("no DICOM objects: the slices name more than one frame of reference")]
        uids = {frame.sop_instance_uid for frame in origin.frames}
        if len(uids) < len({frame.path for frame in origin.frames}):
            return [message("no DICOM objects: several slices carry one SOP Instance UID")]
        with quiet_pydicom():  # what it has to say of the patient's name would stand in a log
            try:
                return self._write_dicom(wanted, OriginalCt.of(origin.frames), pdf)
            except OtherImagesError:
                return [message("no DICOM objects: other files lie in the CT's place by now")]
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # a header may lack what an object must take over; its text may hold a name
                _log.warning("the CT's header allows no object (%s)", type(error).__name__)
                return [message("no DICOM objects: the CT's headers lack what they must take over")]

    def _write_dicom(self, wanted: set[Form], ct: OriginalCt, pdf: bytes) -> list[Message]:
        scored, folder = self.scored, self.folder
        segmentation, outlines, problems = None, None, []
        if wanted & {"seg", "sr"}:
            outlines = folder.read_outlines()
            if outlines is None:
                problems.append(
                    message("no DICOM SEG: an earlier version kept no outlines; score it again")
                )
            elif outlined(outlines):
                path = folder.dicom_file("seg")
                segmentation = write_segmentation(outlines, scored, path, ct=ct)
            elif "seg" in wanted:
                problems.append(message("no DICOM SEG: there is no finding with an outline"))
        if "sr" in wanted:
            path = folder.dicom_file("sr")
            write_measurement_report(
                scored,
                path,
                ct=ct,
                segmentation=segmentation,
                outlines=outlines or (),
                typed=typed_ratings(folder.malignancy.read_typed()),
                assessments=unread_assessments(unread_content(scored, card=self.card)),
            )
        if "kos" in wanted and scored.findings:
            write_key_objects(scored, folder.dicom_file("kos"), ct=ct)
        elif "kos" in wanted:
            problems.append(message("no key object selection: there is no finding"))
        if "cad-sr" in wanted:
            write_chest_cad(scored, folder.dicom_file("cad-sr"), ct=ct)
        if pdf:
            path, title = folder.dicom_file("pdf"), "Chest CT: lung nodules"
            write_encapsulated_pdf(pdf, scored, path, ct=ct, title=title)
        return problems

    def _write_pdf(self) -> bytes:
        from medical.report.files import unread_report_pdf

        pdf = unread_report_pdf(self.scored, self.load(), card=self.card, language="en")
        self.folder.write_pdf(pdf)
        return pdf
