"""StarLung for MONAI Deploy: ``python deploy/monai/app.py --input IN --output OUT``.

Packaged by ``monai-deploy package deploy/monai --config deploy/monai/app.yaml --tag starlung``,
which needs a container engine. Research use only.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from monai.deploy.conditions import CountCondition
from monai.deploy.core import Application
from results_operator import ResultsOperator
from starlung_operator import StarLungOperator


class StarLungApplication(Application):
    """Scores what lies in the input folder, once."""

    def compose(self) -> None:
        """Join the operators."""
        context = Application.init_app_context(self.argv)
        scoring = StarLungOperator(
            self,
            CountCondition(self, 1),
            input_folder=Path(context.input_path),
            output_folder=Path(context.output_path),
            samples=int(os.environ.get("STARLUNG_SAMPLES", "32")),
            name="starlung",
        )
        self.add_flow(scoring, ResultsOperator(self, name="results"), {("results", "results")})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    StarLungApplication().run()
