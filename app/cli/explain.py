"""``starlung explain``: attention maps for a result that has none yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, model_called, print_line
from medical.plain_text import counted


def explain(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT...", help="Folders of scored series, images beside them."),
    ],
) -> None:
    """Write heatmap-N.nii.gz beside findings.json."""
    from medical.errors import InputError
    from medical.results.folder import ResultFolder
    from medical.scoring.scorer import Scorer
    from medical.scoring.workers.jobs import explain_result

    for folder in map(ResultFolder, results):
        if folder.find_findings() is not None and folder.read_images() is None:
            reason = f"{folder.path}: holds no images, which only the queue keeps."
            fail(f"{reason} Score the CT again with --format heatmap.")
        try:
            count = explain_result(folder, find_model=model_called, make_scorer=Scorer)
        except InputError as error:
            fail(str(error))
        print_line(counted(count, "map"))
