"""Run converted networks on a CPU by OpenVINO: about three times faster than torch there.

OpenVINO's usage statistics are switched off before its first import: nothing leaves the machine.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# with its reporter absent OpenVINO falls back to a stub; otherwise it starts processes that send
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
import openvino  # noqa: E402

__all__ = ["NetworkFile", "OneByOne", "OpenVinoNetwork", "openvino", "openvino_version"]

_SHAPES = 3  # that stay compiled: a whole box has another shape with every CT
Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """A network as OpenVINO reads it: ONNX, or the two parts of its own format (IR).

    Args:
        model: the ONNX file's bytes, or those of the IR's ``.xml``.
        weights: bytes of the IR's ``.bin``; empty for ONNX.
    """

    model: bytes
    weights: bytes = b""

    @classmethod
    def read(cls, path: Path) -> NetworkFile:
        """Read an ``.onnx`` file, or an ``.xml`` file with the ``.bin`` beside it."""
        beside = path.with_suffix(".bin")
        return cls(path.read_bytes(), beside.read_bytes() if path.suffix == ".xml" else b"")


class OpenVinoNetwork:
    """One network; compiled for each shape of its inputs when it first comes.

    Not to be used by two threads at once.

    Args:
        file: the network.
        precision: of the arithmetic, ``f32`` or ``bf16``; layers that the file has quantised run as
            INT8 either way.
    """

    def __init__(self, file: NetworkFile, *, precision: str = "f32") -> None:
        self._core = openvino.Core()
        self._model = (
            self._core.read_model(file.model, file.weights)
            if file.weights
            else self._core.read_model(file.model)
        )
        self._settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        self._requests: OrderedDict[Shapes, openvino.InferRequest] = OrderedDict()

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Run the network on float32 arrays in the order of its inputs."""
        request = self._request(tuple(array.shape for array in inputs))
        request.infer([np.ascontiguousarray(array, np.float32) for array in inputs])
        count = len(self._model.outputs)
        return [np.array(request.get_output_tensor(i).data) for i in range(count)]

    def compile(self, *shapes: tuple[int, ...]) -> None:
        """Compile for these shapes of the inputs before they come."""
        self._request(shapes)

    def _request(self, shapes: Shapes) -> openvino.InferRequest:
        if shapes in self._requests:
            self._requests.move_to_end(shapes)
            return self._requests[shapes]
        while len(self._requests) >= _SHAPES:
            self._requests.popitem(last=False)
        self._model.reshape(dict(zip(self._model.inputs, shapes, strict=True)))
        compiled = self._core.compile_model(self._model, "CPU", self._settings)
        self._requests[shapes] = compiled.create_infer_request()
        return self._requests[shapes]


class OneByOne:
    """Feed candidates to a network one at a time.

    What is said of a candidate then does not depend on how many there are beside it.

    Args:
        network: takes crops and extents of one candidate.
    """

    def __init__(self, network: OpenVinoNetwork) -> None:
        self._network = network

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Run the network on each row of its inputs, at least one."""
        rows = [
            self._network(*(array[i : i + 1] for array in inputs)) for i in range(len(inputs[0]))
        ]
        return [np.concatenate(part) for part in zip(*rows, strict=True)]


def openvino_version() -> str:
    """Version of OpenVINO, without the build."""
    return str(openvino.get_version()).split("-")[0]
