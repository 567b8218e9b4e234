"""How inputs are scored: what a caller may ask of a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from medical.dicom.header.identity import Identify
from medical.scoring.batches.tally import SeriesEnd

if TYPE_CHECKING:
    from medical.scoring.context_table import ContextTable
    from medical.scoring.forms.writer import Form

Progress = Callable[[str, float], None]


def _tell_nobody(*_: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How inputs are scored.

    Args:
        resume: leave series alone that this model has already scored into the same folder from the
            very same files.
        heatmaps: write each finding's attention map too.
        forms: what else is written: ``sr``, ``seg``, ``cad-sr``, ``kos``, ``pdf``.
        progress: told (stage, share of the stage done).
        key: the site's, which signs results; without it they are not signed.
        server: for a server that many read: series without a UID get numbers, not the names of
            their files, and no DICOM object is written, which would carry the patient's name.
        intake_seconds: an input that takes longer to unpack and sort is refused.
        contexts: clinical context by study, which the malignancy is read with.
        begin: told the name of each series that is begun, of its file or folder.
        watch: told after each series what became of it.
        pseudonyms: the secret of patients' pseudonyms in ``summary.csv``; none without it.
        identify: tell with each series who is on it; see ``medical.dicom.header.identity``.
        patient_secret: keep the images for the viewer too, with pseudonyms made by this secret.
    """

    resume: bool = False
    heatmaps: bool = False
    forms: frozenset[Form] = frozenset()
    progress: Progress = _tell_nobody
    key: bytes | None = None
    server: bool = False
    intake_seconds: float = math.inf
    begin: Callable[[str], None] = _tell_nobody
    watch: Callable[[SeriesEnd], None] = _tell_nobody
    pseudonyms: bytes | None = None
    patient_secret: bytes | None = None
    identify: Identify = ""
    contexts: ContextTable | None = None

    def without_listeners(self) -> ScoreOptions:
        """Return the options for another process: what listens is in this one."""
        return replace(
            self,
            progress=_tell_nobody,
            begin=_tell_nobody,
            watch=_tell_nobody,
            pseudonyms=None,
        )
