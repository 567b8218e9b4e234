"""JPEG-LS is decoded as pyjpegls decodes it, but beside other work."""

from __future__ import annotations

from pathlib import Path

import jpeg_ls
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGLSLossless

from medical.dicom.stacking.jpeg_ls import PLUGIN, JpegLsError, add_to_pydicom, decode_frame
from medical.errors import InputError
from tests.medical.dicom.make import codes, expected, read, series, take

pytestmark = pytest.mark.skipif(not add_to_pydicom(), reason="CharLS cannot be seen from outside")


class Options(dict[str, object]):
    """What a runner is told."""

    def set_option(self, name: str, value: object) -> None:
        self[name] = value


@pytest.mark.parametrize(("kind", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_pixels_are_those_that_went_in(kind: type[np.integer], bits: int) -> None:
    image = np.random.default_rng(0).integers(0, 1 << bits, (37, 41)).astype(kind)
    options = Options()
    pixels = decode_frame(bytes(jpeg_ls.encode_array(image)), options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(np.frombuffer(pixels, kind).reshape(image.shape), image)
    assert options == {"bits_allocated": bits}


def test_slices_are_in_order_and_a_damaged_one_is_left_out(tmp_path: Path) -> None:
    def compress(ds: Dataset, index: int) -> None:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
        if index == 11:
            ds.PixelData = encapsulate([b"nothing of an image"])

    shares: list[float] = []
    folder = series(tmp_path / "ct", slices=12, change=compress)
    volume = take(folder, tmp_path).chosen[0].load(progress=shares.append)
    np.testing.assert_array_equal(volume.hu, expected(12)[:11])
    assert "truncated_files" in codes(volume)
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_a_series_without_hounsfield_units_is_refused(tmp_path: Path) -> None:
    def compress(ds: Dataset, index: int) -> None:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
        del ds.RescaleSlope, ds.RescaleIntercept

    folder = series(tmp_path / "ct", slices=12, change=compress)
    with pytest.raises(InputError, match="Rescale Slope"):
        read(folder, tmp_path)


def test_damaged_or_coloured_images_are_refused() -> None:
    image = np.random.default_rng(0).integers(0, 4096, (64, 64)).astype(np.uint16)
    source = bytes(jpeg_ls.encode_array(image))
    with pytest.raises(JpegLsError):
        decode_frame(source[: len(source) // 2], Options())  # type: ignore[arg-type]
    colours = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(JpegLsError, match="3 components"):
        decode_frame(bytes(jpeg_ls.encode_array(colours)), Options())  # type: ignore[arg-type]
    assert add_to_pydicom() == (PLUGIN,)  # once more does no harm
    assert PLUGIN in get_decoder(JPEGLSLossless).available_plugins
