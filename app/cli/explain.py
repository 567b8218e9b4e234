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
    from app.web.images import load_images
    from app.web.results import read_findings
    from medical.errors import InputError

    for folder in results:
        try:
            said, ct = read_findings(folder), load_images(folder)
        except InputError as error:
            fail(str(error))
        model = model_called(said.model.name)
        if model.card.sha256 != said.model.sha256:
            fail(
                f"{said.model.name} {said.model.version} made this result; installed is "
                f"{model.card.version}. Score the study again."
            )
        # torch takes seconds to import: not before the result is known to be good
        from medical.scoring.heatmaps import HeatmapWriter

        files = HeatmapWriter(model).write(ct, said, folder)
        say(counted(len(files), "map"))
