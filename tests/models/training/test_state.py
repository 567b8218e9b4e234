import pytest
import torch

from models.training.state import pack, unpack


def test_nested_state_comes_back() -> None:
    state = {
        "a": [1, 2.5, (None, True, "word")],
        3: {"weights": torch.arange(4.0), "best": float("inf")},
    }
    back = unpack(pack(state, prefix="p"), prefix="p")
    assert back["a"] == state["a"]
    assert torch.equal(back[3]["weights"], torch.arange(4.0))
    assert back[3]["best"] == float("inf")


def test_what_was_never_packed_is_none() -> None:
    assert unpack(pack({}, prefix="rank0"), prefix="rank1") is None


def test_objects_are_refused_with_their_place() -> None:
    with pytest.raises(TypeError, match=r"p\.a\.1 .* object"):
        pack({"a": [0, object()]}, prefix="p")
