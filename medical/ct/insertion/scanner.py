"""What the scanner adds: dose, kernel, slice thickness and calibration, varied."""

from __future__ import annotations

import torch
from torch import Tensor

from medical.ct.insertion.texture import gaussian_blur


def vary_scanner(hu: Tensor) -> Tensor:
    """Vary dose, kernel, slice thickness and calibration."""
    wide = (len(hu), 1, 1, 1, 1)
    which = torch.rand(1).item()
    if which < 0.25:
        hu = gaussian_blur(hu, (0.3 + 1.0 * torch.rand(1).item(), 0.4, 0.4))
    elif which < 0.45:
        hu = hu + (0.2 + 0.6 * torch.rand(1).item()) * (hu - gaussian_blur(hu, (0.8, 0.8, 0.8)))
    noise = gaussian_blur(torch.randn_like(hu), (0.5, 0.5, 0.5))
    hu = hu + noise * 60 * torch.rand(wide, device=hu.device) ** 2
    gain = 1 + 0.04 * (torch.rand(wide, device=hu.device) - 0.5)
    return hu * gain + 40 * (torch.rand(wide, device=hu.device) - 0.5)
