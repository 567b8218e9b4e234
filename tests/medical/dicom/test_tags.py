"""What images of a series share is converted once, and reads as pydicom would read it each time."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medical.dicom.header import tags

VALUES: dict[str, Any] = {
    "Manufacturer": "Maker",
    "ManufacturerModelName": "Größe 5",
    "ConvolutionKernel": ["B60f", "3"],
    "SliceThickness": "1.25",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "PixelSpacing": ["0.7", "0.71"],
    "Rows": 512,
    "PhotometricInterpretation": "MONOCHROME2",
    "SeriesNumber": "3",
    "ContrastBolusAgent": "",
}


def read_back(values: dict[str, Any], syntax: str) -> Dataset:
    dataset, stream = Dataset(), BytesIO()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.save_as(stream, implicit_vr=syntax == ImplicitVRLittleEndian,
                    little_endian=syntax != ExplicitVRBigEndian)  # fmt: skip
    stream.seek(0)
    return dcmread(stream, force=True)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian]
)
def test_values_are_those_that_pydicom_reads(syntax: str) -> None:
    for _ in range(2):  # the second time from what was kept
        dataset, plain = (read_back(VALUES, syntax) for _ in range(2))
        for keyword in VALUES:
            expected = plain[keyword].value
            assert tags.value(dataset, keyword) == (None if expected in ("", None) else expected)
    assert tags.value(dataset, "KVP") is None
    assert tags.text(dataset, "ConvolutionKernel") == "B60f/3"
    assert tags.numbers(dataset, "PixelSpacing") == [0.7, 0.71]


def test_another_value_is_another_one() -> None:
    for rows, kernel in ((512, "B30f"), (256, "B60f"), (512, "B60f")):
        dataset = read_back({"Rows": rows, "ConvolutionKernel": kernel}, ExplicitVRLittleEndian)
        assert tags.whole(dataset, "Rows") == rows
        assert tags.text(dataset, "ConvolutionKernel") == kernel


def test_byte_orders_are_not_mixed_up() -> None:
    for syntax in (ExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian):
        assert tags.whole(read_back({"Columns": 2}, syntax), "Columns") == 2


def test_names_and_numbers_of_patients_are_not_kept() -> None:
    before = tags._kept_converted.cache_info().currsize
    named = {"PatientName": "Doe^Jane", "PatientID": "4711", "PatientBirthDate": "19500101"}
    dataset = read_back(named, ExplicitVRLittleEndian)
    assert [tags.text(dataset, keyword) for keyword in named] == list(named.values())
    assert tags._kept_converted.cache_info().currsize == before
    persons = {"PN", "DA", "AS", "AE", "ST", "LT", "UT"}
    assert not persons & {dictionary_VR(keyword) for keyword in tags._ALIKE}
