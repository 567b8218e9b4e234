from __future__ import annotations

import pytest
import torch

from models.distributed.compression.values import (
    Format,
    decode,
    encode,
    encoded_bytes,
    relative_error,
)


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("count", [1, 255, 256, 1000])
def test_size_follows_from_the_count(form: Format, count: int) -> None:
    assert encode(torch.randn(3, count), form).shape == (3, encoded_bytes(count, form))


@pytest.mark.parametrize(
    ("form", "most"), [(Format.FP32, 0), (Format.FP16, 5e-4), (Format.INT8, 0.02)]
)
def test_error_stays_small(form: Format, most: float) -> None:
    values = torch.randn(2, 5000, generator=torch.Generator().manual_seed(1))
    assert relative_error(values, decode(encode(values, form), 5000, form)) <= most


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_half_precision_neither_overflows_nor_vanishes(size: float) -> None:
    values = size * torch.linspace(0.5, 1, 100)[None]
    read = decode(encode(values, Format.FP16), 100, Format.FP16)
    assert relative_error(values, read) < 1e-3


def test_stochastic_rounding_is_unbiased() -> None:
    generator = torch.Generator().manual_seed(7)
    values = torch.randn(1, 256, generator=generator)
    tries = 4000
    read = decode(
        encode(values.expand(tries, -1), Format.INT8, generator=generator), 256, Format.INT8
    )
    step = values.abs().max() / 127
    # one mean strays by step / 2 / sqrt(tries) at most; five times that for all of 256
    assert (read.mean(0) - values[0]).abs().max() < 5 * step / 2 / tries**0.5
    assert read.std(0).max() > 0.3 * step


def test_scales_hold_for_one_block_only() -> None:
    values = torch.full((1, 512), 1e-3)
    values[0, 0] = 100.0
    read = decode(encode(values, Format.INT8), 512, Format.INT8)
    assert relative_error(values[:, 256:], read[:, 256:]) < 0.01


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_stays_so(form: Format, bad: float) -> None:
    values = torch.ones(1, 300)
    values[0, 5] = bad
    assert not decode(encode(values, form), 300, form).isfinite()[0, 5]


def test_zeros_stay_zeros() -> None:
    for form in Format:
        assert not decode(encode(torch.zeros(1, 10), form), 10, form).any()


def test_bytes_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="got 9"):
        decode(torch.zeros(1, 9, dtype=torch.uint8), 8, Format.FP16)
