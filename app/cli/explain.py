"""``starlung explain``: attention maps for a result that has none yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, model_called, say
from medical.counts import counted


def explain(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT...", help="Folders of scored series, images beside them."),
    ],
) -> None:
    """Write heatmap-N.nii.gz beside findings.json; the reading page asks for this."""
    from medical.ct.prepare import prepare
    from medical.errors import InputError
    from medical.results.folder import ResultFolder
    from medical.scoring.scorer import Scorer

    for folder in map(ResultFolder, results):
        try:
            said, ct = folder.read_findings(), folder.load_images()
        except InputError as error:
            fail(str(error))
        model = model_called(said.model.name)
        if model.card.sha256 != said.model.sha256:
            fail(
                f"{said.model.name} {said.model.version} made this result; installed is "
                f"{model.card.version}. Score the study again."
            )
        files = Scorer(model).explain(prepare(ct), said, folder)
        say(counted(len(files), "map"))
