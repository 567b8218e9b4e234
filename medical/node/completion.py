"""A study is complete when nothing of it has come for a while: then rules say whether it is scored.

Only what a rule chose counts: reports that an archive sends along, our own results above all, make
no new version of a study, or a PACS that routes whole studies here would have them scored for ever.

On failure: what is linked and not entered in the store yet is removed at the next start, and the
study, which still lies in the spool, is looked at again. One that comes again with the same
instances was entered already and is left alone.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filereader import dcmread

from medical.dicom.header.tags import quiet_pydicom, text
from medical.dicom_out.provenance import MODEL_NAME
from medical.node.settings import NodeSettings, Rule
from medical.node.spool import Spool, SpooledStudy
from medical.store.arrivals import Arrived, enter, is_known, sources, sources_in_use
from medical.store.database import Store
from medical.store.tables import label_of

_log = logging.getLogger(__name__)
_TAGS = (
    *("Modality", "BodyPartExamined", "ConvolutionKernel", "SeriesDescription"),
    *("SeriesInstanceUID", "ManufacturerModelName"),
)
_DAY_SECONDS = 86_400.0
_NOTHING = Dataset()


@dataclass(slots=True)
class Completion:
    """Turns what lies in the spool into studies to score.

    Args:
        store: gets them.
        spool: holds them.
        settings: quiet time and rules.
        results: folder below which results go.
    """

    store: Store
    spool: Spool
    settings: NodeSettings
    results: Path

    def run_once(self) -> int:
        """Queue what is complete; returns how many studies.

        Raises:
            StoreUnavailableError: nothing more can be entered for now.
            OSError: the spool cannot be written.
        """
        count = 0
        for study in self.spool.pending(quiet_seconds=self.settings.quiet_seconds):
            count += self._complete(study)
            self.spool.settle(study)
        return count

    def clear(self) -> None:
        """Delete what is older than the site keeps, and what was linked and never entered.

        Not beside ``run_once``: what that has linked may not be entered yet.
        """
        keep_seconds = self.settings.keep_days * _DAY_SECONDS
        self.spool.clear(older_than_seconds=keep_seconds)
        known, used = sources(self.store), sources_in_use(self.store)
        oldest = time.time() - keep_seconds
        for folder in self.spool.linked():
            is_old = folder not in used and folder.stat().st_mtime < oldest
            if is_old or folder not in known:
                self.spool.forget(folder)

    def _complete(self, study: SpooledStudy) -> bool:
        if is_known(self.store, study.token, study.content):
            return False
        rule, files = self._choose(study)
        chosen = SpooledStudy(study.token, tuple(sorted(files))) if files else study
        is_new = not is_known(self.store, study.token, chosen.content)
        key = self._enter(chosen, rule, files) if is_new else ""
        if chosen.content != study.content:  # looked at, also once the rules are others
            beside = Arrived(study.token, study.content, None)
            enter(self.store, beside, root=self.results, actor=self.settings.ae_title)
        count = len(study.files)
        if key:
            _log.info("%s: %d instances arrived, queued", label_of(key), count)
        elif is_new:
            _log.info("a study of %d instances arrived; no rule wants it scored", count)
        return bool(key)

    def _enter(self, chosen: SpooledStudy, rule: Rule | None, files: list[Path]) -> str:
        """Put what was chosen in line; returns its key, nothing where it is not to be scored."""
        folder = self.spool.link(files) if files else None
        arrived = Arrived(
            chosen.token,
            chosen.content,
            folder,
            rule.forms if rule else (),
            rule.send_to if rule else (),
        )
        key = ""
        try:
            key = enter(self.store, arrived, root=self.results, actor=self.settings.ae_title)
        finally:
            if folder is not None and not key:
                self.spool.forget(folder)
        return key

    def _choose(self, study: SpooledStudy) -> tuple[Rule | None, list[Path]]:
        """Return the first rule that a series fits, and the files of all series that fit it.

        What we wrote ourselves fits none.
        """
        series: dict[str, list[Path]] = defaultdict(list)
        headers: dict[str, dict[str, str]] = {}
        for file in study.files:
            header = _header(file)
            uid = header.pop("series")
            if header.pop("program") == MODEL_NAME:
                continue
            headers.setdefault(uid, header)
            series[uid].append(file)
        for rule in self.settings.rules:
            fitting = [uid for uid in sorted(series) if rule.fits(headers[uid])]
            if fitting:
                return rule, [f for uid in fitting for f in series[uid]] if rule.score else []
        return None, []


def _header(file: Path) -> dict[str, str]:
    """Read what rules look at; nothing where a header cannot be read."""
    with quiet_pydicom():
        try:
            dataset: Dataset = dcmread(file, stop_before_pixels=True, specific_tags=list(_TAGS))
            calling = text(dataset.file_meta, "SendingApplicationEntityTitle")
        except Exception:  # it was parsed when it came; a disk may fail since
            dataset, calling = _NOTHING, ""
        return {
            "modality": text(dataset, "Modality"),
            "body_part": text(dataset, "BodyPartExamined"),
            "kernel": text(dataset, "ConvolutionKernel"),
            "description": text(dataset, "SeriesDescription"),
            "calling": calling,
            "series": text(dataset, "SeriesInstanceUID"),
            "program": text(dataset, "ManufacturerModelName"),
        }
