"""What we ask of a DICOMweb server: store (STOW-RS), find (QIDO-RS), fetch (WADO-RS).

Standard:
    PS3.18 10.4 to 10.6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread

from medical.dicom.header.tags import items, quiet_pydicom, text
from medical.node.dimse import UIDS, PeerUnavailableError
from medical.node.settings import Peer

_WAIT = (408, 413, 425, 429, 500, 502, 503, 504)
"""Answers after which the same request may succeed later."""


@dataclass(slots=True)
class WebServer:
    """A DICOMweb server.

    Args:
        peer: where it is.
        timeout_seconds: an answer may take no longer.
    """

    peer: Peer
    timeout_seconds: float

    def _client(self) -> DICOMwebClient:
        session = requests.Session()
        if self.peer.token is not None:
            session.headers["Authorization"] = f"Bearer {self.peer.token.get_secret_value()}"
        if self.peer.tls is not None:
            if self.peer.tls.authority is not None:
                session.verify = str(self.peer.tls.authority)
            if self.peer.tls.certificate is not None:
                session.cert = (str(self.peer.tls.certificate), str(self.peer.tls.key))
        client = DICOMwebClient(self.peer.url, session=session, timeout=self.timeout_seconds)
        client.set_http_retry_params(retry=False)  # whoever calls us tries again
        return client

    def store(
        self, files: Sequence[Path], begin: Callable[[int], bool], end: Callable[[int, str], None]
    ) -> None:
        """Send objects one by one; arguments and errors as of ``Entity.store``."""
        client = self._client()
        for index, file in enumerate(files):
            if begin(index):
                with quiet_pydicom():
                    dataset = dcmread(file)
                answer = _answer(partial(client.store_instances, [dataset]))
                end(index, answer if isinstance(answer, str) else _refusal(answer))

    def has(self, file: Path) -> bool:
        """Ask whether it has the object in a file; false where it cannot tell.

        Raises:
            PeerUnavailableError: it does not answer.
        """
        header = dcmread(file, stop_before_pixels=True, specific_tags=list(UIDS))
        study_uid, series_uid, instance_uid = (text(header, name) for name in UIDS)
        filters = {"SOPInstanceUID": instance_uid}
        answer = _answer(
            lambda: self._client().search_for_instances(
                study_uid, series_uid, search_filters=filters
            )
        )
        return not isinstance(answer, str) and any(
            text(Dataset.from_json(record), "SOPInstanceUID") == instance_uid for record in answer
        )

    def find(self, level: str, filters: Mapping[str, str]) -> list[Dataset]:
        """Ask for studies or series.

        Raises:
            PeerUnavailableError: it does not answer, or refuses.
        """
        client = self._client()
        search = client.search_for_studies if level == "STUDY" else client.search_for_series
        answer = _answer(lambda: search(search_filters=dict(filters)))
        if isinstance(answer, str):
            raise PeerUnavailableError(answer)
        return [Dataset.from_json(record) for record in answer]

    def fetch(self, study_uid: str, series_uid: str | None) -> Iterator[Dataset]:
        """Fetch a study, or one series of it, in the encoding in which it is kept.

        Raises:
            PeerUnavailableError: it does not answer, or refuses.
        """
        client, kinds = self._client(), (("application/dicom", "*"),)
        try:
            if series_uid is None:
                yield from client.iter_study(study_uid, media_types=kinds)
            else:
                yield from client.iter_series(study_uid, series_uid, media_types=kinds)
        except (requests.RequestException, ValueError) as error:
            raise PeerUnavailableError(f"it sends no images ({type(error).__name__})") from error


def _answer(ask: Callable[[], Any]) -> Any:
    """Return the answer, or why it is refused."""
    try:
        return ask()
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 500
        if code in _WAIT:
            raise PeerUnavailableError(f"it answered with HTTP {code}") from error
        return f"it answered with HTTP {code}"
    except requests.RequestException as error:
        raise PeerUnavailableError(f"it does not answer ({type(error).__name__})") from error


def _refusal(answer: Dataset) -> str:
    for item in items(answer, "FailedSOPSequence"):
        code = int(item.get("FailureReason", 0) or 0)
        if code & 0xFF00 == 0xA700:
            raise PeerUnavailableError("it has no room")
        return f"it answered with status {code:04X}"
    return ""
