"""Each finding's attention map beside its result: NIfTI, and a parametric map for DICOM."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from medical.ct.prepare import Prepared
from medical.detection.findings import Finding, SeriesFindings
from medical.dicom.header import tags
from medical.dicom.header.frames import Frame
from medical.dicom.header.tags import derived_uid, quiet_pydicom
from medical.dicom_out.parametric_map import write_parametric_map
from medical.dicom_out.provenance import source_headers
from medical.explain.attention import attention_in_mask
from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Explanation, cut
from medical.i18n.messages import message
from medical.results.folder import ResultFolder
from models.training.two_stage import TwoStage

_log = logging.getLogger(__name__)


def write_maps(
    networks: TwoStage,
    prepared: Prepared,
    scored: SeriesFindings,
    folder: ResultFolder,
    *,
    dicom: Sequence[Path] = (),
) -> list[Path]:
    """Write the maps of all findings.

    Args:
        networks: those that scored the CT.
        prepared: the CT on its 1 mm grid.
        scored: what was found in it.
        folder: of the series' results.
        dicom: the CT's files where it came as DICOM; without them there is no parametric map.

    Returns:
        The files written.
    """
    maps = [(finding, _explain(networks, prepared, finding)) for finding in scored.findings]
    files = []
    for finding, shown in maps:
        path = folder.map_file(finding.id)
        shown.write_nifti(path)
        files.append(path)
    if not maps or not dicom:
        return files
    with quiet_pydicom():  # what it has to say of the patient's name would stand in a log
        return files + _parametric_maps(maps, scored, folder, list(dicom))


def _explain(networks: TwoStage, prepared: Prepared, finding: Finding) -> Explanation:
    crop = cut(
        prepared.hu,
        prepared.geometry,
        center_voxel=prepared.geometry.lps_to_voxel(finding.center_lps_mm).tolist(),
        diameter_mm=finding.diameter_mm,
    )
    return attention_in_mask(StarLungFinding.of(networks, crop), crop)


def _parametric_maps(
    maps: list[tuple[Finding, Explanation]],
    scored: SeriesFindings,
    folder: ResultFolder,
    dicom: list[Path],
) -> list[Path]:
    sources = source_headers(dicom)
    studies = {tags.text(source, "StudyInstanceUID") for source in sources}
    if scored.study_instance_uid is not None and studies != {scored.study_instance_uid}:
        _log.warning("no parametric map: other images lie in the CT's place by now")
        return []
    series_uid = derived_uid(
        "heatmap", scored.series_instance_uid, scored.model.digest or scored.model.sha256
    )
    files: list[Path] = []
    for finding, shown in maps:
        path = folder.parametric_map_file(finding.id)
        try:
            write_parametric_map(
                shown.values,
                shown.geometry,
                path,
                sources=sources,
                label="ATTENTION",
                description=f"Attention of finding {finding.id}, research use only",
                software=f"{scored.model.name} {scored.model.version}",
                instance_number=finding.id,
                series_uid=series_uid,
            )
        except (AttributeError, KeyError, ValueError) as problem:
            # a header may lack what a parametric map must take over; the NIfTI map is there
            kind = type(problem).__name__  # its text may hold values of the header
            _log.warning("no parametric map: the CT's header does not allow it (%s)", kind)
            return files
        files.append(path)
    return files


def why_no_parametric_map(frames: Sequence[Frame]) -> str:
    """Tell what of the CT's headers stands against a parametric map; its NIfTI form is there."""
    count = len({frame.frame_of_reference_uid for frame in frames})
    if count > 1:
        return message(
            "the slices name {count} frames of reference, and a map must lie in one", count=count
        )
    return message("the CT's headers lack what it must take over")
