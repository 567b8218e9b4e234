"""StarLung as an operator of MONAI Deploy: a folder of CTs in, results and DICOM objects out.

The operator calls the scorer and its writers, and decides nothing itself: what it writes is what
``starlung score`` writes. Research use only.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from medical.scoring.batches.options import ScoreOptions
from medical.scoring.forms.writer import Form
from medical.scoring.scorer import Scorer
from models.zoo.loader import DEFAULT_MODEL

_log = logging.getLogger(__name__)


class StarLungOperator(Operator):
    """Scores every CT below a folder.

    Named output:
        results: folders of the series that were scored, as paths.

    Args:
        fragment: that the operator belongs to.
        input_folder: DICOM files, zips or volume files, of any nesting.
        output_folder: gets ``predictions.csv`` and a folder a series.
        model: name of the model.
        samples: Monte-Carlo dropout samples.
        forms: DICOM objects that are written beside the result.
    """

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        input_folder: Path,
        output_folder: Path,
        model: str = DEFAULT_MODEL,
        samples: int = 32,
        forms: frozenset[Form] = frozenset({"sr", "seg", "kos"}),
        **kwargs: Any,
    ) -> None:
        self._input, self._output, self._forms = input_folder, output_folder, forms
        self._scorer = Scorer.named(model, samples=samples)
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the output."""
        spec.output("results")

    def start(self) -> None:
        """Load the networks, once."""
        self._scorer.make_ready()

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Score, and hand on where the results lie.

        Raises:
            RuntimeError: nothing could be scored; the sentence of each input stands in the log.
        """
        options = ScoreOptions(forms=self._forms)
        result = self._scorer.score([self._input], self._output, options=options)
        for error in result.errors:
            _log.error("%s", error)
        for _, reason in result.not_written:
            _log.warning("%s", reason)
        if not result.series:
            raise RuntimeError("no CT could be scored; the log says why")
        op_output.emit([series.folder for series in result.series], "results")
