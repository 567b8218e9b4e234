"""Structured pruning: whole channels go, with all that is coupled to them.

Channels that meet in a sum (a shortcut, the pyramid) can only go together; Torch-Pruning's
dependency graph (DepGraph, arXiv 2301.12900) finds these groups. A group's channels are ranked by
the first-order change of the loss that their absence would cause (Taylor importance, arXiv
1906.10771); how many of a group may go is decided by what their absence really does to the output.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, cast

import torch
import torch_pruning as tp
from torch import Tensor, nn

from models.detector.detector import Detector, WeightedSum

ROUND_TO = 8
"""Channels kept are a multiple of it: vector units take eight or sixteen at a time."""

SHARES = (0.125, 0.25, 0.375, 0.5, 0.625)
"""Shares of a group's channels whose absence is tried; more than a third of each stays."""

MULTIPLICATIONS_COUNT = 0.9  # of the cost; the rest is the weights, that is the file's size

_EXAMPLE = (1, 1, 64, 64, 64)
_PRICE_ACCURACY = 1.001


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """Channels that can only be removed together.

    Args:
        name: the first convolution that makes them.
        channels: how many.
        order: their numbers, the least important first.
        made_by: convolutions whose outputs they are.
        read_by: convolutions whose inputs they are.
    """

    name: str
    channels: int
    order: tuple[int, ...]
    made_by: tuple[str, ...]
    read_by: tuple[str, ...]


def count_channels(network: nn.Module) -> int:
    """Output channels of all convolutions."""
    return sum(m.out_channels for m in network.modules() if isinstance(m, nn.Conv3d))


def count_parameters(network: nn.Module) -> int:
    """Weights and biases, running means apart."""
    return sum(p.numel() for p in network.parameters())


def channel_groups(detector: Detector) -> list[ChannelGroup]:
    """Find the groups, their channels ranked by Taylor importance.

    Args:
        detector: with the gradients of a loss in place.

    Raises:
        ValueError: there are no gradients.
    """
    if all(p.grad is None for p in detector.parameters()):
        raise ValueError("importance needs the gradients of a loss")
    names = {module: name for name, module in detector.named_modules()}
    importance = tp.importance.GroupTaylorImportance(multivariable=False)
    groups = []
    for group in _groups(detector):
        first = group[0].dep.target.module
        if first.out_channels < 2 * ROUND_TO:
            continue
        rank = importance(group)
        order = tuple(torch.argsort(rank).tolist())
        ends = {
            handler: tuple(names[d.target.module] for d, _ in group if d.handler == handler)
            for handler in (tp.prune_conv_out_channels, tp.prune_conv_in_channels)
        }
        groups.append(ChannelGroup(names[first], first.out_channels, order, *ends.values()))
    return groups


def measure_sensitivity(
    detector: Detector, groups: list[ChannelGroup], divergence: Callable[[Detector], float]
) -> dict[str, list[float]]:
    """Measure what the absence of each group's least important channels does to the output.

    Args:
        detector: left as it was.
        groups: of the detector.
        divergence: of a detector from the one it was, zero where both say the same.

    Returns:
        By group, a value for each of ``SHARES``.
    """
    by_name = {_first_name(detector, group): group for group in _groups(detector)}
    table = {}
    for group in groups:
        row = []
        for share in SHARES:
            gone = group.order[: round(share * group.channels)]
            with _silenced(by_name[group.name], gone):
                row.append(divergence(detector))
        table[group.name] = row
    return table


def choose_shares(
    detector: Detector,
    groups: list[ChannelGroup],
    sensitivity: Mapping[str, list[float]],
    *,
    cost: float,
    multiplications_count: float = MULTIPLICATIONS_COUNT,
) -> dict[str, float]:
    """Shares to remove: the least harm for what they save.

    Each group takes the share with the smallest harm plus price times cost, and the price rises
    until the whole is cheap enough (a Lagrangian relaxation of the knapsack).

    Args:
        detector: to be pruned.
        groups: of the detector.
        sensitivity: of the groups.
        cost: wanted, of multiplications and weights, as a share of the detector's, 0 to 1.
        multiplications_count: how much multiplications count in the cost, 0 to 1.

    Raises:
        ValueError: even the largest shares cost more.
    """
    costs = ConvolutionCosts.of(detector)

    def cost_of(shares: Mapping[str, float]) -> float:
        left = {group: channels_left(group, shares) for group in groups}
        return costs.relative(left, multiplications_count=multiplications_count)

    def shares_at(price: float) -> dict[str, float]:
        chosen = {}
        for group in groups:
            harms = [0.0, *sensitivity[group.name]]
            totals = [
                harm + price * cost_of({group.name: share})
                for harm, share in zip(harms, (0.0, *SHARES), strict=True)
            ]
            chosen[group.name] = (0.0, *SHARES)[totals.index(min(totals))]
        return chosen

    low, high = 1e-6, 1e6
    if cost_of(shares_at(high)) > cost:
        raise ValueError(f"no shares bring the cost down to {cost:g}")
    while high / low > _PRICE_ACCURACY:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if cost_of(shares_at(middle)) <= cost else (middle, high)
    return shares_at(high)


def channels_left(group: ChannelGroup, shares: Mapping[str, float]) -> int:
    """Channels of a group that stay, a multiple of ``ROUND_TO``."""
    left = ROUND_TO * round(group.channels * (1 - shares.get(group.name, 0.0)) / ROUND_TO)
    return min(group.channels, max(ROUND_TO, left))


@dataclass(frozen=True, slots=True)
class ConvolutionCosts:
    """What each convolution of a detector costs for one window of 64 voxels a side.

    Args:
        sizes: by name: inputs, outputs, weights a pair of them, cells of the output.
    """

    sizes: Mapping[str, tuple[int, int, int, int]]

    @classmethod
    def of(cls, network: nn.Module) -> Self:
        """Count by one forward pass."""
        sizes: dict[str, tuple[int, int, int, int]] = {}

        def count(name: str) -> Callable[[nn.Module, object, Tensor], None]:
            def add(module: nn.Module, _: object, out: Tensor) -> None:
                weight = cast(nn.Conv3d, module).weight
                kernel, cells = weight[0, 0].numel(), out[0, 0].numel()
                sizes[name] = (weight.shape[1], weight.shape[0], kernel, cells)

            return add

        convolutions = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv3d)]
        hooks = [m.register_forward_hook(count(n)) for n, m in convolutions]
        with torch.no_grad():
            network(torch.zeros(_EXAMPLE, device=next(network.parameters()).device))
        for hook in hooks:
            hook.remove()
        return cls(sizes)

    @property
    def multiplications(self) -> int:
        """Of all convolutions."""
        return sum(i * o * kernel * cells for i, o, kernel, cells in self.sizes.values())

    @property
    def weights(self) -> int:
        """Of all convolutions, biases apart."""
        return sum(i * o * kernel for i, o, kernel, _ in self.sizes.values())

    def relative(self, left: Mapping[ChannelGroup, int], *, multiplications_count: float) -> float:
        """Share of the cost that is left where groups keep ``left`` channels."""
        inputs = {name: size[0] for name, size in self.sizes.items()}
        outputs = {name: size[1] for name, size in self.sizes.items()}
        for group, channels in left.items():
            inputs.update(dict.fromkeys(group.read_by, channels))
            outputs.update(dict.fromkeys(group.made_by, channels))
        smaller = ConvolutionCosts(
            {
                name: (inputs[name], outputs[name], kernel, cells)
                for name, (_, _, kernel, cells) in self.sizes.items()
            }
        )
        fewer = smaller.multiplications / self.multiplications
        smaller_file = smaller.weights / self.weights
        return smaller_file + multiplications_count * (fewer - smaller_file)


def prune(detector: Detector, groups: list[ChannelGroup], shares: Mapping[str, float]) -> Detector:
    """Return a smaller copy; channels kept are multiples of ``ROUND_TO``.

    Args:
        detector: unchanged.
        groups: of the detector, ranked.
        shares: of each group's channels that go.
    """
    smaller = copy.deepcopy(detector)
    smaller.zero_grad(set_to_none=True)
    modules = dict(smaller.named_modules())
    graph = _graph(smaller)
    for group in groups:
        gone = list(group.order[: group.channels - channels_left(group, shares)])
        if gone:
            module = modules[group.name]
            graph.get_pruning_group(module, tp.prune_conv_out_channels, gone).prune()
    return smaller


def _graph(detector: Detector) -> tp.DependencyGraph:
    weights = [m.weight for m in detector.modules() if isinstance(m, WeightedSum)]
    device = next(detector.parameters()).device
    return tp.DependencyGraph().build_dependency(
        detector.eval(), torch.zeros(_EXAMPLE, device=device), ignored_params=weights
    )


def _outputs(detector: Detector) -> list[nn.Module]:
    heads = detector.heads
    return [heads.heat, heads.offset, heads.log_diameter, detector.attention.score]


def _groups(detector: Detector) -> Iterator[tp.Group]:
    yield from _graph(detector).get_all_groups(
        ignored_layers=_outputs(detector), root_module_types=[nn.Conv3d]
    )


def _first_name(detector: Detector, group: tp.Group) -> str:
    names = {module: name for name, module in detector.named_modules()}
    return str(names[group[0].dep.target.module])


@contextmanager
def _silenced(group: tp.Group, channels: tuple[int, ...]) -> Iterator[None]:
    """Set what makes these channels to zero, for as long as the context lasts."""
    before: list[tuple[Tensor, Tensor]] = []
    roots = group[0].idxs
    chosen = set(channels)
    with torch.no_grad():
        for dependency, indices in group:
            module = dependency.target.module
            out = dependency.handler in (
                tp.prune_conv_out_channels,
                tp.prune_batchnorm_out_channels,
            )
            if not out or len(indices) != len(roots):
                continue
            index = [i for i, root in zip(indices, roots, strict=True) if root in chosen]
            for tensor in (module.weight, module.bias):
                if tensor is not None:
                    before.append((tensor, tensor.detach().clone()))
                    tensor.data[index] = 0
    try:
        yield
    finally:
        for tensor, old in before:
            tensor.data.copy_(old)
