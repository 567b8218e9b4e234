"""Each finding's attention map beside ``findings.json``: NIfTI, and a parametric map for DICOM.

``heatmap-N.nii.gz`` and ``heatmap-N.dcm`` belong to the finding whose id is N.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from medical.ct.prepare import Prepared, prepare
from medical.ct.volume import CtVolume
from medical.detection.findings import Finding, SeriesFindings
from medical.dicom.parametric_map import source_headers, write_parametric_map
from medical.dicom.tags import quiet_pydicom
from medical.dicom.uids import derived_uid
from medical.explain.attention import attention_in_mask
from medical.explain.crop import cut
from medical.explain.result import Explanation
from medical.explain.starlung import StarLungFinding
from medical.scoring.heatmap_files import nifti_path
from models.zoo.loader import StoredModel
from models.zoo.networks import load_networks

_log = logging.getLogger(__name__)


class HeatmapWriter:
    """Explains findings with one model; make it once, use it for many series."""

    def __init__(self, model: StoredModel) -> None:
        self._networks = load_networks(model).requires_grad_(False)

    def write(
        self, ct: CtVolume, said: SeriesFindings, folder: Path, *, dicom: Sequence[Path] = ()
    ) -> list[Path]:
        """Write the maps of all findings.

        Args:
            ct: the CT as read.
            said: what was found in it.
            folder: of the series' results.
            dicom: the CT's files where it came as DICOM; without them there is no parametric map.

        Returns:
            The files written.
        """
        if not said.findings:
            return []
        ready = prepare(ct)
        maps = [(one, self.explain(ready, one)) for one in said.findings]
        files = []
        for finding, shown in maps:
            path = nifti_path(folder, finding)
            shown.write_nifti(path)
            files.append(path)
        with quiet_pydicom():  # what it has to say of the patient's name would stand in a log
            return files + _parametric_maps(maps, said, folder, list(dicom))

    def explain(self, ready: Prepared, finding: Finding) -> Explanation:
        """Compute the map that is shown for a finding."""
        crop = cut(
            ready.hu,
            ready.geometry,
            center_voxel=ready.geometry.lps_to_voxel(finding.center_lps_mm).tolist(),
            diameter_mm=finding.diameter_mm,
        )
        return attention_in_mask(StarLungFinding.of(self._networks, crop), crop)


def _parametric_maps(
    maps: list[tuple[Finding, Explanation]], said: SeriesFindings, folder: Path, dicom: list[Path]
) -> list[Path]:
    if not dicom:
        return []
    sources = source_headers(dicom)
    series_uid = derived_uid(
        "heatmap", said.series_instance_uid, said.model.digest or said.model.sha256
    )
    files: list[Path] = []
    for finding, shown in maps:
        path = folder / f"heatmap-{finding.id}.dcm"
        try:
            write_parametric_map(
                shown.values,
                shown.geometry,
                path,
                sources=sources,
                label="ATTENTION",
                description=f"Attention of finding {finding.id}, research use only",
                software=f"{said.model.name} {said.model.version}",
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
