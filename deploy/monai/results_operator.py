"""Takes note of what was scored: the end of the pipeline, in whose place a site puts a sender."""

from __future__ import annotations

import logging
from typing import Any

from monai.deploy.core import Operator, OperatorSpec

_log = logging.getLogger(__name__)


class ResultsOperator(Operator):
    """Says in the log how many files each result has; nothing of the patient."""

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the input."""
        spec.input("results")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Count the files of each result."""
        for folder in op_input.receive("results"):
            _log.info("%d files of a series", sum(1 for _ in folder.iterdir()))
