"""Write the golden results anew: ``python -m tests.golden.write``; needs the shared real CTs."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from medical.scoring.scorer import Scorer
from tests.conftest import REPOSITORY, shared_real_data
from tests.golden.result import result_of
from tests.golden.test_golden import EARLIER, EARLIER_MODEL, HERE, REAL


def main() -> None:
    real = shared_real_data()
    if real is None:
        sys.exit("There are no shared real CTs here; set STARLUNG_REAL_DATA.")
    inputs = {name: real / "dicom" / name for name in REAL}
    with tempfile.TemporaryDirectory() as out:
        sample = inputs["sample"] = REPOSITORY / "sample_data" / "ct"
        results = result_of(Scorer.named(), inputs, out=Path(out))
        before = Scorer.named(EARLIER_MODEL)
        results |= result_of(before, {EARLIER: sample}, out=Path(out) / EARLIER)
        for name, result in results.items():
            text = json.dumps(result, indent=1, sort_keys=True)
            (HERE / f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
