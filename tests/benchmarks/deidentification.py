"""How many attributes that name a patient, a day or a UID are left by us and by other libraries.

An object carries every attribute of PS3.15 table E.1-1 that pydicom knows, with private ones, an
overlay and a curve, and in every sequence names, dates and UIDs; once at the top, once in a
sequence. Whatever still holds a value that was put in counts. Libraries that are not installed are
left out: ``pip install dicognito deid``.
"""

from __future__ import annotations

import copy
import json
import logging
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from medical.deidentification.deidentifier import Deidentifier
from tests.medical.deidentification.everything import survivors, with_everything


def by_starlung(dataset: Dataset) -> Dataset:
    return Deidentifier(b"a secret of a test").apply(dataset)


def by_dicom_anonymizer(dataset: Dataset) -> Dataset:
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions

    anonymize_dataset(dataset, base_rules_gen=partial(initialize_actions, "dicomfields_2026c"))
    return dataset


def by_dicognito(dataset: Dataset) -> Dataset:
    from dicognito.anonymizer import Anonymizer

    Anonymizer(seed="a secret of a test").anonymize(dataset)
    return dataset


def by_deid(dataset: Dataset) -> Dataset:
    from deid.config import DeidRecipe
    from deid.dicom.parser import DicomParser

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "object.dcm"
        dataset.save_as(file, enforce_file_format=True)
        parser = DicomParser(str(file), recipe=DeidRecipe())
        parser.parse(strip_sequences=False, remove_private=True)
        return parser.dicom


LIBRARIES: dict[str, Callable[[Dataset], Dataset]] = {
    "starlung": by_starlung,
    "dicom-anonymizer": by_dicom_anonymizer,
    "dicognito": by_dicognito,
    "deid": by_deid,
}


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    result: dict[str, int] = {}
    print("library            at the top   in a sequence")
    for name, take_out in LIBRARIES.items():
        left = []
        for nested in (False, True):
            whole = with_everything(nested=nested)
            result["nested" if nested else "top"] = len(survivors(whole))
            try:
                left.append(len(survivors(take_out(copy.deepcopy(whole)))))
            except ImportError:
                break
        else:
            print(f"{name:18} {left[0]:10} {left[1]:15}")
            result |= {f"{name} top": left[0], f"{name} nested": left[1]}
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
