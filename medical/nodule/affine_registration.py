"""Where a place of this CT lies in an earlier CT of the same patient: affine registration.

Made to find a nodule again, not to measure it: breath and pose move lungs by centimetres, an affine
map leaves some millimetres of that, and ``growth`` allows for them.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from medical.ct.resample import resample
from medical.ct.volume import CtVolume
from medical.nodule.growth import Registration

_GRID_MM = 4.0
_LOW_HU, _HIGH_HU = -1000.0, 200.0
_MIN_CORRELATION = 0.6
_STEPS = 150


class NotRegisteredError(ValueError):
    """The two CTs could not be laid over each other."""


def register(current: CtVolume, prior: CtVolume) -> Registration:
    """Lay this CT over an earlier one: first as a rigid body, then affine.

    Both are taken at 4 mm and between -1000 and 200 HU, so that lungs and chest wall count most.

    Raises:
        NotRegisteredError: their correlation stays below 0.6: another patient or another part of
            the body.

    Source:
        SimpleITK's registration framework (Lowekamp et al., Front Neuroinform 2013;7:45).
    """
    fixed, moving = _image(current), _image(prior)
    rigid = sitk.Euler3DTransform(
        sitk.CenteredTransformInitializer(
            fixed,
            moving,
            sitk.Euler3DTransform(),
            sitk.CenteredTransformInitializerFilter.GEOMETRY,
        )
    )
    _improve(rigid, fixed, moving)
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(rigid.GetMatrix())
    affine.SetTranslation(rigid.GetTranslation())
    affine.SetCenter(rigid.GetCenter())
    _improve(affine, fixed, moving)
    correlation = _correlation(fixed, moving, affine)
    if not correlation >= _MIN_CORRELATION:
        raise NotRegisteredError(
            "the two CTs could not be laid over each other (correlation "
            f"{correlation:.2f}, at least {_MIN_CORRELATION} is needed); are they chest CTs of the "
            "same patient?"
        )
    return Registration(_matrix(affine), correlation)


def _image(ct: CtVolume) -> sitk.Image:
    grid = ct.geometry.isotropic(_GRID_MM)
    hu = resample(ct.hu, ct.geometry, grid).clip(_LOW_HU, _HIGH_HU)
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((_GRID_MM,) * 3)
    image.SetOrigin(tuple(grid.origin_lps_mm))
    return image


def _improve(transform: sitk.Transform, fixed: sitk.Image, moving: sitk.Image) -> None:
    """Optimise a transform in place."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([1, 0])
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=0.01, numberOfIterations=_STEPS
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError as error:  # no overlap is left
        raise NotRegisteredError(
            "the two CTs have no part in common; are they chest CTs of the same patient?"
        ) from error


def _correlation(fixed: sitk.Image, moving: sitk.Image, transform: sitk.Transform) -> float:
    laid = sitk.GetArrayFromImage(sitk.Resample(moving, fixed, transform, sitk.sitkLinear, np.nan))
    here = np.isfinite(laid)
    a, b = laid[here], sitk.GetArrayFromImage(fixed)[here]
    if here.mean() < 0.25 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _matrix(transform: sitk.AffineTransform) -> NDArray[np.float64]:
    """Return the 4x4 matrix, with the transform's own centre taken in."""
    affine = np.eye(4)
    affine[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    affine[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    return affine
