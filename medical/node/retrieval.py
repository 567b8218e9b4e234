"""Finds studies at a peer and fetches them, into a folder or to a node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from medical.dicom.header.tags import quiet_pydicom, text, valid_uid, whole
from medical.files import written_atomically
from medical.node.dicomweb import WebServer
from medical.node.dimse import Entity
from medical.node.receiver import file_head
from medical.node.settings import NodeSettings, Peer

FoundStudy = tuple[str, str, int]
"""Study Instance UID, day as the peer writes it, instances where the peer counts them."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Fetches from one peer.

    Args:
        peer: an AE or a DICOMweb server.
        settings: our AE title and patience.
    """

    peer: Peer
    settings: NodeSettings

    def find(
        self, *, study_uid: str | None, date: str | None, modality: str | None
    ) -> list[FoundStudy]:
        """Ask which studies there are.

        Raises:
            PeerUnavailableError: the peer does not answer, or refuses.
        """
        wanted = {
            "StudyInstanceUID": study_uid or "",
            "StudyDate": date or "",
            "ModalitiesInStudy": modality or "",
        }
        if self.peer.url:
            filters = {name: value for name, value in wanted.items() if value}
            matches = self._web.find("STUDY", filters)
        else:
            query = Dataset()
            query.QueryRetrieveLevel, query.NumberOfStudyRelatedInstances = "STUDY", ""
            for name, value in wanted.items():
                setattr(query, name, value)
            matches = self._entity.find(query)
        with quiet_pydicom():
            studies = [
                (
                    text(study, "StudyInstanceUID"),
                    text(study, "StudyDate"),
                    whole(study, "NumberOfStudyRelatedInstances") or 0,
                )
                for study in matches
            ]
        return sorted(study for study in studies if valid_uid(study[0]))

    def fetch(
        self, study_uid: str, series_uid: str | None, *, out: Path | None, move_to: str | None
    ) -> tuple[int, int]:
        """Fetch a study, or one series of it.

        Args:
            study_uid: which study.
            series_uid: which series of it; all where it is not given.
            out: folder; the objects go to ``OUT/STUDY/``, called after their UIDs.
            move_to: AE title to which the peer sends instead.

        Returns:
            how many objects came, or were sent where they were to go, and how many the peer
            could not give.

        Raises:
            PeerUnavailableError: the peer does not answer, or refuses.
            OSError: an object cannot be written.
        """
        query = Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", study_uid
        if series_uid is not None:
            query.QueryRetrieveLevel, query.SeriesInstanceUID = "SERIES", series_uid
        if move_to is not None:
            return self._entity.move(query, move_to)
        if out is None:
            raise ValueError("either out or move_to must be given")
        folder = out / study_uid
        folder.mkdir(parents=True, exist_ok=True)
        written: set[Path] = set()

        def keep(instance_uid: str, head: bytes, body: bytes) -> None:
            if not valid_uid(instance_uid):
                raise OSError("an object has no valid UID")
            path = folder / f"{instance_uid}.dcm"
            with written_atomically(path) as beside:
                beside.write_bytes(head + body)
            written.add(path)

        if not self.peer.url:
            failed = self._entity.get(
                query,
                lambda meta, body: keep(
                    str(meta.MediaStorageSOPInstanceUID), file_head(meta), body
                ),
            )
            return len(written), failed
        with quiet_pydicom():
            for dataset in self._web.fetch(study_uid, series_uid):
                uid = text(dataset, "SOPInstanceUID")
                if not valid_uid(uid):
                    raise OSError("an object has no valid UID")
                with written_atomically(folder / f"{uid}.dcm") as beside:
                    dcmwrite(beside, dataset)
                written.add(folder / f"{uid}.dcm")
        return len(written), 0

    @property
    def _entity(self) -> Entity:
        return Entity(self.peer, self.settings.ae_title, self.settings.timeout_seconds)

    @property
    def _web(self) -> WebServer:
        return WebServer(self.peer, self.settings.timeout_seconds)
