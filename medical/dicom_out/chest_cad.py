"""The findings as Chest CAD SR, for archives and workstations that know no TID 1500.

A finding is a "single image finding" on the slice through its centre, with that point, its sizes
and its probability. What an archive must not mix up stands at the top: found, nothing found,
nothing found though not everything was searched, and no algorithm succeeded, which is written where
images could not be analysed.

Standard:
    PS3.3 A.35.6 (Chest CAD SR IOD), PS3.16 TID 4100, 4101, 4104, 4107, 4015 to 4019, CID 6047.
    highdicom has no template for it, so the content items are put together here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from medical.detection.findings import Finding, SeriesFindings
from medical.dicom.header.tags import derived_uid
from medical.dicom_out.axes import nearest_slice, pixels_in
from medical.dicom_out.provenance import (
    MANUFACTURER,
    MODEL_NAME,
    SERIAL_NUMBER,
    OriginalCt,
    finish,
    series_uid,
    tracking_id,
    tracking_uid,
)

CHEST_CAD_SR = UID("1.2.840.10008.5.1.4.1.1.88.65")
_SERIES_NUMBER = 9105
_DCM, _IS = codes.DCM, hd.sr.RelationshipTypeValues
_MODIFIER = hd.sr.CodedConcept("112024", "DCM", "Single Image Finding Modifier")
_ENGLISH = hd.sr.CodedConcept("en", "RFC5646", "English")
_LIBRARY = 2  # the image library's place in the root, after the language
Item = Any  # highdicom has no types


def write_chest_cad(scored: SeriesFindings, path: Path, *, ct: OriginalCt) -> Dataset:
    """Write the report of a CT that was scored.

    Args:
        scored: what was found.
        path: of the file.
        ct: that was scored.

    Returns:
        The object.
    """
    shown = [nearest_slice(_center(finding), ct) for finding in scored.findings]
    images = list(dict.fromkeys([*shown, 0]))  # frames' indices; the first stands for the series
    located = zip(scored.findings, shown, strict=True)
    opacities = [
        _finding(finding, frame, images.index(frame), scored, ct) for finding, frame in located
    ]
    summary = _code(_DCM.CADProcessingAndFindingsSummary, _summary(scored), _IS.CONTAINS)
    report = _Report(
        entries=[_image_of_frame(index, ct) for index in images],
        summary=_holding(summary, opacities) if opacities else summary,
        detections=_detections(scored.model.name, scored.model.version, len(images), failed=False),
        series=series_uid("chest cad", scored),
    )
    return report.write(path, ct.headers)


def write_failed_chest_cad(
    headers: Sequence[Dataset], path: Path, *, algorithm: tuple[str, str]
) -> Dataset:
    """Write that images could not be analysed; it says nothing of a nodule, either way.

    Args:
        headers: of the images, of one patient's study; at least one.
        path: of the file.
        algorithm: name and version of the model that could not.

    Returns:
        The object.
    """
    name, version = algorithm
    nothing = _DCM.NoAlgorithmsSucceededWithoutFindings
    report = _Report(
        entries=[_image(headers[0])],
        summary=_code(_DCM.CADProcessingAndFindingsSummary, nothing, _IS.CONTAINS),
        detections=_detections(name, version, 1, failed=True),
        series=derived_uid("chest cad, failed", str(headers[0].SeriesInstanceUID), name),
    )
    return report.write(path, headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """What stands in a report.

    Args:
        entries: images of its library; the first stands for the series.
        summary: of what was found.
        detections: which detections succeeded or failed.
        series: UID of the report's own series.
    """

    entries: list[Item]
    summary: Item
    detections: Item
    series: UID

    def write(self, path: Path, evidence: Sequence[Dataset]) -> Dataset:
        root = hd.sr.ContainerContentItem(name=_DCM.ChestCADReport, template_id="4100")
        root.ContentSequence = hd.sr.ContentSequence(self.entries)  # evidence of the report
        library = _holding(_container(_DCM.ImageLibrary, _IS.CONTAINS), map(_unnamed, self.entries))
        made: Dataset = hd.sr.ComprehensiveSR(
            evidence=list(evidence),
            content=root,
            series_instance_uid=self.series,
            series_number=_SERIES_NUMBER,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer=MANUFACTURER,
            is_complete=True,
        )
        made.ContentSequence = [
            *hd.sr.LanguageOfContentItemAndDescendants(_ENGLISH),
            library,
            self.summary,
            self.detections,
            _code(_DCM.SummaryOfAnalyses, _DCM.NotAttempted, _IS.CONTAINS),
        ]
        made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = CHEST_CAD_SR
        made.ManufacturerModelName, made.DeviceSerialNumber = MODEL_NAME, SERIAL_NUMBER
        finish(made, path, what="chest CAD")
        return made


def _summary(scored: SeriesFindings) -> Any:
    if scored.findings:
        return _DCM.AllAlgorithmsSucceededWithFindings
    if scored.negative:
        return _DCM.AllAlgorithmsSucceededWithoutFindings
    return _DCM.NotAllAlgorithmsSucceededWithoutFindings


def _center(finding: Finding) -> np.ndarray:
    return np.array([finding.center_lps_mm])


def _finding(
    finding: Finding, frame: int, place: int, scored: SeriesFindings, ct: OriginalCt
) -> Item:
    item = _code(_DCM.SingleImageFinding, _DCM.AbnormalOpacity, _IS.INFERRED_FROM)
    center = hd.sr.ScoordContentItem(
        name=_DCM.Center,
        graphic_type=hd.sr.GraphicTypeValues.POINT,
        graphic_data=pixels_in(_center(finding), ct.frames[frame]),
        relationship_type=_IS.HAS_PROPERTIES,
    )
    selected = _holding(center, [_reference(place, _IS.SELECTED_FROM)])
    values = (
        (_DCM.CertaintyOfFinding, round(100 * finding.probability, 2), codes.UCUM.Percent),
        (codes.SCT.Diameter, finding.diameter_mm, codes.UCUM.Millimeter),
        (codes.SCT.LongAxis, finding.long_axis_mm, codes.UCUM.Millimeter),
        (codes.SCT.ShortAxis, finding.short_axis_mm, codes.UCUM.Millimeter),
        (codes.SCT.Volume, finding.volume_mm3, codes.UCUM.CubicMillimeter),
    )
    children = [
        _code(_MODIFIER, codes.SCT.Nodule, _IS.HAS_CONCEPT_MOD),
        _code(
            _DCM.RenderingIntent,
            _DCM.PresentationOptionalRenderingDeviceMayPresent,
            _IS.HAS_CONCEPT_MOD,
        ),
        _text(_DCM.TrackingIdentifier, tracking_id(finding.id), _IS.HAS_OBS_CONTEXT),
        hd.sr.UIDRefContentItem(
            name=_DCM.TrackingUniqueIdentifier,
            value=tracking_uid(scored, finding.id),
            relationship_type=_IS.HAS_OBS_CONTEXT,
        ),
        *_algorithm(scored.model.name, scored.model.version, _IS.HAS_OBS_CONTEXT),
        selected,
        *(_number(name, value, unit) for name, value, unit in values),
    ]
    return _holding(item, children)


def _detections(name: str, version: str, images: int, *, failed: bool) -> Item:
    summary = _code(
        _DCM.SummaryOfDetections, _DCM.Failed if failed else _DCM.Succeeded, _IS.CONTAINS
    )
    performed = _code(_DCM.DetectionPerformed, codes.SCT.Nodule, _IS.CONTAINS)
    children = [
        *_algorithm(name, version, _IS.HAS_PROPERTIES),
        *(_reference(place, _IS.HAS_PROPERTIES) for place in range(images)),
    ]
    name_of_group = _DCM.FailedDetections if failed else _DCM.SuccessfulDetections
    group = _container(name_of_group, _IS.INFERRED_FROM)
    return _holding(summary, [_holding(group, [_holding(performed, children)])])


def _algorithm(name: str, version: str, relation: Any) -> list[Item]:
    return [
        _text(_DCM.AlgorithmName, f"StarLung {name}"[:64], relation),
        _text(_DCM.AlgorithmVersion, version or "not known", relation),
    ]


def _image_of_frame(index: int, ct: OriginalCt) -> Item:
    frame = ct.frames[index]
    number = frame.index + 1 if ct.is_multiframe else None
    return _image(ct.header_of[frame.sop_instance_uid], frame_number=number)


def _image(header: Dataset, *, frame_number: int | None = None) -> Item:
    return hd.sr.ImageContentItem(
        name=_DCM.ImageLibrary,
        referenced_sop_class_uid=header.SOPClassUID,
        referenced_sop_instance_uid=header.SOPInstanceUID,
        referenced_frame_numbers=None if frame_number is None else [frame_number],
        relationship_type=_IS.CONTAINS,
    )


def _unnamed(entry: Item) -> Dataset:
    """Return an entry of the library as the standard has it, without a concept's name."""
    plain = Dataset()
    plain.update(entry)
    del plain.ConceptNameCodeSequence
    return plain


def _reference(place: int, relation: Any) -> Dataset:
    """Refer to an image of the library, by its place in the tree."""
    item = Dataset()
    item.RelationshipType = relation.value
    item.ReferencedContentItemIdentifier = [1, _LIBRARY, place + 1]
    return item


def _holding(item: Item, children: Iterable[Dataset]) -> Dataset:
    """Return an item with what stands below it: highdicom takes no references there."""
    plain = Dataset()
    plain.update(item)
    plain.ContentSequence = list(children)
    return plain


def _container(name: Any, relation: Any) -> Item:
    return hd.sr.ContainerContentItem(name=name, relationship_type=relation)


def _code(name: Any, value: Any, relation: Any) -> Item:
    return hd.sr.CodeContentItem(name=name, value=value, relationship_type=relation)


def _text(name: Any, value: str, relation: Any) -> Item:
    return hd.sr.TextContentItem(name=name, value=value, relationship_type=relation)


def _number(name: Any, value: float, unit: Any) -> Item:
    return hd.sr.NumContentItem(
        name=name, value=value, unit=unit, relationship_type=_IS.HAS_PROPERTIES
    )
