"""Scores studies of the queue, and does readers' jobs, one after another, until told to stop.

On failure: an input that cannot be used fails with one sentence and the next is taken, so does a
study that takes longer than allowed; a worker that is killed loses its study to the next claim
after one lease; SIGTERM puts it back at once. A store that is locked, full or gone is waited for.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from medical.ct.volume import QualityNote
from medical.errors import InputError
from medical.i18n.messages import message
from medical.metrics import STUDIES_ENDED, STUDY_SECONDS
from medical.results.folder import ResultFolder
from medical.results.search import gather_predictions
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.tally import ScoreResult
from medical.scoring.failures import failure_sentence, failures_beside, model_unusable, not_written
from medical.scoring.scorer import Scorer
from medical.scoring.workers.jobs import explain_result, register_earlier
from medical.scoring.workers.lease import TELL_SECONDS, Lease
from medical.store.database import Store, StoreUnavailableError
from medical.store.queue import (
    KINDS,
    LEASE_SECONDS,
    Claimed,
    Kind,
    claim,
    finish,
    give_back,
    give_up,
)
from medical.store.requests import is_known
from medical.store.results import same_images
from models.zoo.loader import ModelDamagedError, ModelNotFoundError, StoredModel, find_model
from models.zoo.starnet_card import StarNetDamagedError, read_card
from models.zoo.starnets import DEFAULT_STARNET, find_starnet

_log = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0
_MAX_OUTAGE_SECONDS = 600.0
_LOST = "another worker has it, left to that"


class Stop(BaseException):
    """Raised in the main thread, by a signal's handler, to end the worker."""


@dataclass(slots=True)
class Worker:
    """One process that scores.

    Args:
        store: holds the queue.
        model: name or folder.
        samples: Monte-Carlo dropout samples.
        imported: folder of the user's own models.
        lease_seconds: how long a study stays ours without a renewal.
        max_seconds: a study that takes longer fails.
        options: how each study is scored, see ``ScoreOptions``; progress goes to the store.
        kinds: of work that it takes.
        starnet: name or folder of what rates findings.
        stopping: set beside raising ``Stop``: Python drops what a handler raises while a destructor
            or a callback of the garbage collector runs.
    """

    store: Store
    model: str
    samples: int
    imported: Path | None
    lease_seconds: float = LEASE_SECONDS
    max_seconds: float = math.inf
    options: ScoreOptions = field(default_factory=lambda: ScoreOptions(server=True))
    kinds: Collection[Kind] = KINDS
    starnet: str = DEFAULT_STARNET
    stopping: threading.Event = field(default_factory=threading.Event)
    owner: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    )
    _scorer: Scorer | None = field(default=None, init=False)

    def run(self, *, until_empty: bool) -> int:
        """Score until ``Stop``, or until nothing waits; returns how many studies were finished."""
        count, gone_since = 0, math.inf
        try:
            while not self.stopping.is_set():
                try:
                    claimed = claim(
                        self.store,
                        self.owner,
                        lease_seconds=self.lease_seconds,
                        kinds=self.kinds,
                    )
                except StoreUnavailableError as error:
                    gone_since = self._await_store(error, gone_since)
                    continue
                gone_since = math.inf
                if claimed is not None:
                    count += self._score(claimed)
                elif until_empty:
                    return count
                else:
                    time.sleep(_IDLE_SECONDS)
        except Stop:
            pass
        return count

    def _await_store(self, error: StoreUnavailableError, gone_since: float) -> float:
        """Pause; raise when the store was gone for too long. Returns since when it is."""
        now = time.monotonic()
        if gone_since == math.inf:
            _log.info(f"waiting: {error}")
            gone_since = now
        elif now - gone_since > _MAX_OUTAGE_SECONDS:
            raise error
        # Longer than those who hold studies pause: theirs are renewed before we look.
        time.sleep(3 * TELL_SECONDS)
        return gone_since

    def _score(self, claimed: Claimed) -> bool:
        lease = Lease(self.store, claimed, self.lease_seconds, max_seconds=self.max_seconds)
        with STUDY_SECONDS.time():
            ended = self._score_under(claimed, lease)
        if not ended and claimed.kind == "score":
            self._clear_deleted(claimed)
        STUDIES_ENDED.labels("lost" if lease.lost else "ready" if ended else "failed").inc()
        return ended

    def _clear_deleted(self, claimed: Claimed) -> None:
        """Take away what was written of a study after somebody had deleted it."""
        with contextlib.suppress(StoreUnavailableError):
            if not is_known(self.store, claimed.key):
                shutil.rmtree(claimed.folder, ignore_errors=True)

    def _score_under(self, claimed: Claimed, lease: Lease) -> bool:
        try:
            with lease:
                return self._score_held(claimed, lease)
        except Stop:
            if lease.expired or lease.lost:
                self.stopping.clear()  # its own lease raised it, to get out of this study
            if lease.expired:
                limit = message(
                    "took longer than the {minutes:g} min allowed", minutes=self.max_seconds / 60
                )
                return self._failed(claimed, limit)
            if lease.lost:
                _log.info(f"{claimed.key}: {_LOST}")
                return False
            with contextlib.suppress(StoreUnavailableError):  # the lease runs out by itself
                give_back(self.store, claimed)
                _log.info(f"{claimed.key}: put back into the queue")
            raise

    def _score_held(self, claimed: Claimed, lease: Lease) -> bool:
        """Score or do the job, and write how it ended, while the lease is renewed."""
        try:
            if claimed.kind != "score":
                return self._help(claimed, lease)
            result = self._work(claimed, lease)
        except InputError as error:
            reason = failure_sentence(error, claimed.source)
            if claimed.kind != "score":  # we named the files of a result ourselves
                reason = InputError(error.path.name, error.problem, error.remedy).sentence
            return self._failed(claimed, reason, lease)
        except OSError as error:
            return self._failed(claimed, not_written(error), lease)
        except Exception as error:  # the log gets the trace, the night goes on
            _log.exception("scoring %s failed", claimed.key)
            return self._failed(
                claimed, message("the program failed ({kind})", kind=type(error).__name__), lease
            )
        if not result.series:
            reasons = [failure_sentence(error, claimed.source) for error in result.errors]
            return self._failed(claimed, " ".join(reasons) or message("no CT series in it"), lease)
        findings = [
            ResultFolder(ct_series.folder).find_findings() or ct_series.findings
            for ct_series in result.series
        ]
        unscored = self._unscored(result, claimed)
        headers = {item.findings.series_instance_uid: item.headers for item in result.series}
        identities = {
            scored.findings.series_instance_uid: scored.identity
            for scored in result.series
            if scored.identity is not None
        }
        try:
            held = lease.write_outcome(
                lambda: finish(
                    self.store,
                    claimed,
                    series=findings,
                    unscored=unscored,
                    headers={uid: packed for uid, packed in headers.items() if packed},
                    identities=identities,
                )
            )
        except OSError as error:  # a patient's folder cannot be made
            return self._failed(claimed, not_written(error), lease)
        self._gather(claimed)
        _log.info(f"{claimed.key}: {'ready' if held else _LOST}")
        return held

    def _work(self, claimed: Claimed, lease: Lease) -> ScoreResult:
        options = replace(self.options, progress=lease.tell)
        scorer = self._scorer_of(self._model(claimed.model or self.model))
        result = scorer.score([claimed.source], claimed.folder, options=options)
        for ct_series in result.series:
            folder = ResultFolder(ct_series.folder)
            if labels := same_images(self.store, claimed.id, ct_series.findings, folder):
                folder.add_note(_scored_before(labels), key=options.key)
        return result

    def _help(self, claimed: Claimed, lease: Lease) -> bool:
        """Do what a reader waits for."""
        folder = ResultFolder(claimed.folder)
        if claimed.kind == "explain":
            explain_result(folder, find_model=self._model, make_scorer=self._scorer_of)
        else:
            register_earlier(folder, ResultFolder(claimed.source))
        held = lease.write_outcome(lambda: finish(self.store, claimed))
        _log.info(f"{claimed.key}: {'done' if held else _LOST}")
        return held

    def _model(self, name: str) -> StoredModel:
        """Find a model as it is now.

        Raises:
            InputError: it is not there any more, or damaged.
        """
        try:
            return find_model(name, imported=self.imported)
        except (ModelNotFoundError, ModelDamagedError) as error:
            raise model_unusable(error) from error

    def _scorer_of(self, model: StoredModel) -> Scorer:
        """Return the scorer of the study before, unless what it runs was replaced since.

        Raises:
            InputError: the StarNet is not there any more, or damaged.
        """
        try:
            starnet = find_starnet(self.starnet, imported=self.imported)
            digest = read_card(starnet).digest
        except (ModelNotFoundError, StarNetDamagedError) as error:
            raise model_unusable(error) from error
        wanted = (model.card.digest, digest)
        if (
            self._scorer is None
            or (self._scorer.card.digest, self._scorer.malignancy.card.digest) != wanted
        ):
            self._scorer = Scorer(model, samples=self.samples, starnet=starnet)
        return self._scorer

    def _gather(self, claimed: Claimed) -> None:
        """One table of the series that stayed in the folder; without it the study is whole."""
        if not claimed.folder.is_dir():
            return
        try:
            gather_predictions(claimed.folder)
        except OSError as error:
            _log.info(f"{claimed.key}: predictions.csv is not gathered: {error.strerror}")

    def _unscored(self, result: ScoreResult, claimed: Claimed) -> str:
        """Say what failed beside that which was scored."""
        return failures_beside(result.errors, claimed.source)

    def _failed(self, claimed: Claimed, reason: str, lease: Lease | None = None) -> bool:
        lease = lease or Lease(self.store, claimed, self.lease_seconds)
        lease.write_outcome(lambda: give_up(self.store, claimed, failure=reason))
        _log.info(f"{claimed.key}: {reason}")
        return False


def _scored_before(labels: list[str]) -> QualityNote:
    text = message(
        "The very same images are in the worklist already as {labels}: read and sign them once.",
        labels=", ".join(labels),
    )
    return QualityNote("scored_before", "warning", text)
