from pathlib import Path

import pytest

from medical.errors import InputError
from medical.training.cases.truth import read_truth

HEAD = "seriesuid,coordX,coordY,coordZ,diameter_mm\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seriesuid,coordX\na,1\n", "column coordY, coordZ, diameter_mm is missing"),
        (HEAD + "a,1,2,x,4\n", "row 2: coordZ"),
        (HEAD + "a,1,2,3,4\nb,1,2,3,-4\n", "row 3: diameter_mm"),
        (HEAD + "a,1,2,3,4\na,1,2,3,4\n", "row 3 repeats"),
    ],
)
def test_bad_table_names_its_row(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_truth(path)
