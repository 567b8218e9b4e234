"""Silence in one thread does not end when another one's ends."""

from __future__ import annotations

import logging

from medical.dicom.header.tags import quiet_pydicom


def test_silence_lasts_until_the_last_one_has_gone() -> None:
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    first, second = quiet_pydicom(), quiet_pydicom()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert logger.disabled
    second.__exit__(None, None, None)
    assert logger.disabled == before
