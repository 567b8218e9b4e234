"""``python -m medical.synthesis.phantom --out sample_data/ct --seed 7`` makes the sample series."""

from __future__ import annotations

import argparse
from pathlib import Path

from medical.synthesis.phantom.sample import write_sample


def main() -> None:
    """Parse the command line and write the series; silent when all went well."""
    parser = argparse.ArgumentParser(
        prog="python -m medical.synthesis.phantom", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the DICOM files")
    parser.add_argument("--seed", type=int, default=7, help="which phantom (default 7)")
    options = parser.parse_args()
    write_sample(options.out, seed=options.seed)


if __name__ == "__main__":
    main()
