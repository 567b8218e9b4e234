"""Networks whose channels were removed, built again from their weights' shapes."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def resize_to_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give each convolution and batch norm the number of channels that its stored weights have.

    Args:
        network: as it was before pruning; changed in place, its values are random afterwards.
        weights: by name, of the pruned network.

    Raises:
        KeyError: a layer has no stored weights.
        ValueError: a stored kernel has another size than the network's.
    """
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Conv3d):
            shape = tuple(weights[f"{name}.weight"].shape)
            if shape[2:] != module.kernel_size:
                raise ValueError(f"{name} has kernels of {module.kernel_size}, stored {shape[2:]}")
            _replace(network, name, _convolution_like(module, shape[1], shape[0]))
        elif isinstance(module, nn.BatchNorm3d):
            _replace(network, name, nn.BatchNorm3d(len(weights[f"{name}.weight"])))


def _convolution_like(module: nn.Conv3d, inputs: int, outputs: int) -> nn.Conv3d:
    return nn.Conv3d(
        inputs,
        outputs,
        kernel_size=module.kernel_size,  # type: ignore[arg-type]
        stride=module.stride,  # type: ignore[arg-type]
        padding=module.padding,  # type: ignore[arg-type]
        bias=module.bias is not None,
    )


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)
