"""The key images of a report: each finding in its axial slice, whole and close, and as drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from PIL import Image
from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from medical.ct.resample import resample
from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry
from medical.report.font.typesetting import PDF_FONT

LUNG_WINDOW_HU = (-1350.0, 150.0)
WHOLE_MM = 360
CLOSE_MM = 60
_WHOLE_STEP_MM = 1.0
_CLOSE_STEP_MM = 0.25
_RING = HexColor("#d9822b")
_SCALE_MM = 10

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class KeyImage:
    """An axial picture round a point; the patient's right is on its left, the front on top.

    Args:
        hu: ``[y, x]`` Hounsfield units.
        edge_mm: edge of the square.
        center_mm: ``(x, y)`` of the finding from the picture's left top corner.
    """

    hu: Float32[np.ndarray, "y x"]
    edge_mm: float
    center_mm: tuple[float, float]


def whole_slice(ct: CtVolume, point_lps_mm: Point) -> KeyImage:
    """Cut the slice through a point, centred on the images rather than on the point."""
    middle = ct.geometry.voxel_to_lps((np.array(ct.geometry.shape) - 1) / 2)
    centre = (float(middle[0]), float(middle[1]), point_lps_mm[2])
    image = _axial(ct, centre, edge_mm=WHOLE_MM, step_mm=_WHOLE_STEP_MM)
    shift = (point_lps_mm[0] - centre[0], point_lps_mm[1] - centre[1])
    place = (WHOLE_MM / 2 + shift[0], WHOLE_MM / 2 + shift[1])
    return KeyImage(image, WHOLE_MM, place)


def close_up(ct: CtVolume, point_lps_mm: Point) -> KeyImage:
    """Cut a square of 60 mm round a point."""
    image = _axial(ct, point_lps_mm, edge_mm=CLOSE_MM, step_mm=_CLOSE_STEP_MM)
    return KeyImage(image, CLOSE_MM, (CLOSE_MM / 2, CLOSE_MM / 2))


def _axial(
    ct: CtVolume, centre: Point, *, edge_mm: float, step_mm: float
) -> Float32[np.ndarray, "y x"]:
    count = round(edge_mm / step_mm)
    half = (count - 1) / 2 * step_mm
    grid = VolumeGeometry.axial(
        shape=(1, count, count),
        spacing_mm=(1.0, step_mm, step_mm),
        origin_lps_mm=(centre[0] - half, centre[1] - half, centre[2]),
    )
    return np.asarray(resample(ct.hu, ct.geometry, grid)[0])


class KeyImageFlowable(Flowable):  # type: ignore[misc]
    """A key image in the lung window, with a ring round the finding, a scale and the sides.

    Args:
        image: to draw.
        edge: of the square on the page, points.
        diameter_mm: of the finding; the ring is somewhat wider.
    """

    def __init__(self, image: KeyImage, *, edge: float, diameter_mm: float) -> None:
        super().__init__()
        self.width = self.height = edge
        self._image, self._diameter_mm = image, diameter_mm

    def draw(self) -> None:
        """Draw it; ReportLab calls this."""
        canvas, image, edge = self.canv, self._image, self.width
        point = edge / image.edge_mm  # points a millimetre
        low, high = LUNG_WINDOW_HU
        grey = np.clip((image.hu - low) / (high - low), 0, 1) * 255
        picture = ImageReader(Image.fromarray(grey.round().astype(np.uint8)))
        canvas.drawImage(picture, 0, 0, edge, edge)
        clip = canvas.beginPath()
        clip.rect(0, 0, edge, edge)
        canvas.clipPath(clip, stroke=0)
        canvas.setStrokeColor(_RING)
        canvas.setLineWidth(1.2)
        x, y = image.center_mm
        canvas.circle(x * point, edge - y * point, (self._diameter_mm * 0.6 + 2) * point)
        near, far = edge * 0.05, edge * 0.05 + _SCALE_MM * point
        for colour, width in ((black, 3.5), (white, 1.5)):
            canvas.setStrokeColor(colour)
            canvas.setLineWidth(width)
            canvas.line(near, near, far, near)
        _write(canvas, f"{_SCALE_MM} mm", near, edge * 0.07, size=7)
        for letter, x, y in (
            ("R", 0.04, 0.5),
            ("L", 0.96, 0.5),
            ("A", 0.5, 0.94),
            ("P", 0.5, 0.03),
        ):
            left = x * edge - canvas.stringWidth(letter, PDF_FONT, 9) / 2
            _write(canvas, letter, left, y * edge, size=9)


def _write(canvas: Canvas, text: str, x: float, y: float, *, size: float) -> None:
    """Write white within black, which is lost on no tissue."""
    canvas.setStrokeColor(black)
    canvas.setFillColor(white)
    canvas.setLineJoin(1)
    for mode, width in ((1, 2.2), (0, 0)):  # the outline, then the letter on it
        canvas.saveState()  # ReportLab takes each text to begin filled, but the mode outlives it
        canvas.setLineWidth(width)
        line = canvas.beginText(x, y)
        line.setFont(PDF_FONT, size)
        line.setTextRenderMode(mode)
        line.textOut(text)
        canvas.drawText(line)
        canvas.restoreState()
