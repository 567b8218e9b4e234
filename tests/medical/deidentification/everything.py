"""An object that carries every attribute of the standard's table, each naming the patient."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from medical.deidentification.profile import table_tags

SECRET = "SECRETIVE"
SECRET_UID = "1.2.3.777.5"
SECRET_DATE = "20190731"
SECRET_NUMBER = 31337
VALUES = {
    **dict.fromkeys(("LO", "LT", "SH", "ST", "UC", "UT", "PN", "CS", "AE"), SECRET),
    **dict.fromkeys(("DS", "IS"), str(SECRET_NUMBER)),
    **dict.fromkeys(("FD", "FL", "SL", "UL", "US", "SS"), SECRET_NUMBER),
    **dict.fromkeys(("OB", "UN", "OW"), SECRET.encode() + b"\0"),
    "DA": SECRET_DATE,
    "DT": SECRET_DATE + "111213",
    "TM": "111213.141516",
    "UI": SECRET_UID,
    "AS": "077Y",
    "UR": f"http://{SECRET}.example",
}


def inner() -> Dataset:
    """What a sequence holds."""
    item = Dataset()
    item.PersonName, item.TextValue, item.StudyDate = SECRET, SECRET, SECRET_DATE
    item.ReferencedSOPInstanceUID, item.PatientID = SECRET_UID, SECRET
    item.add_new(0x00091001, "LO", SECRET)
    return item


def with_everything(*, nested: bool = False) -> Dataset:
    """The object; ``nested``: the attributes stand in a sequence that no table names."""
    dataset = Dataset()
    for tag, vr in table_tags():
        if tag.group <= 2 or tag.is_private or tag == 0x00420011:
            continue
        dataset.add_new(tag, vr, Sequence([inner()]) if vr == "SQ" else VALUES[vr])
    dataset.add_new(0x00091001, "LO", SECRET)
    dataset.add_new(0x60000022, "LO", SECRET)
    dataset.add_new(0x60004000, "LT", SECRET)
    dataset.add_new(0x50003000, "OW", SECRET.encode() + b"\0")
    whole = Dataset()
    if nested:
        whole.SharedFunctionalGroupsSequence = [dataset]
        for name in ("PatientID", "PatientName", "StudyInstanceUID", "SOPInstanceUID"):
            setattr(whole, name, dataset[name].value)
    else:
        whole = dataset
    whole.SOPClassUID, whole.Modality = CTImageStorage, "CT"
    whole.file_meta = FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.file_meta.MediaStorageSOPInstanceUID = SECRET_UID
    whole.file_meta.MediaStorageSOPClassUID = CTImageStorage
    whole.file_meta.SourceApplicationEntityTitle = SECRET
    return whole


def survivors(dataset: Dataset) -> list[str]:
    """Attributes that still say who it is, when, or by which UID, at any depth."""
    left = []
    words = (SECRET, SECRET_UID, SECRET_DATE, str(SECRET_NUMBER), "077Y")
    for element in [*dataset.iterall(), *getattr(dataset, "file_meta", [])]:
        if element.VR != "SQ" and any(word in shown(element.value) for word in words):
            left.append(f"{element.tag} {element.keyword}")
    return left


def shown(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
