"""Run converted networks on a CPU by OpenVINO: about three times faster than torch there.

OpenVINO's usage statistics are switched off before its first import: nothing leaves the machine.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# with its reporter absent OpenVINO falls back to a stub; otherwise it starts processes that send
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
import openvino  # noqa: E402

from models.runtime.machine import core_quota, thread_count  # noqa: E402

__all__ = ["NetworkFile", "OneByOne", "OpenVinoNetwork", "openvino", "openvino_version"]

_SHAPES = 3  # that stay compiled: a whole box has another shape with every CT
_IMAGE = 2  # axes before those of an image's size: batch, channel
Shapes = tuple[tuple[int, ...], ...]
"""Of a network's inputs; -1 where any size is taken."""


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
    """One network; compiled for each shape of its inputs when it first comes, or once for all.

    Not to be used by two threads at once.

    Args:
        file: the network.
        precision: of the arithmetic, ``f32`` or ``bf16``; layers that the file has quantised run as
            INT8 either way.
        any_size: compile once for images of any size: a new size then costs nothing, which is worth
            while where each image has another. Else every size has arithmetic of its own.
    """

    def __init__(
        self, file: NetworkFile, *, precision: str = "f32", any_size: bool = False
    ) -> None:
        self._core = openvino.Core()
        self._model = (
            self._core.read_model(file.model, file.weights)
            if file.weights
            else self._core.read_model(file.model)
        )
        self._precision, self._any_size = {"INFERENCE_PRECISION_HINT": precision}, any_size
        self._requests: OrderedDict[Shapes, openvino.InferRequest] = OrderedDict()
        self._queue: openvino.AsyncInferQueue | None = None
        self._queue_shapes: Shapes = ()

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Run the network on float32 arrays in the order of its inputs."""
        request = self._request(tuple(array.shape for array in inputs))
        # shared: a copy of a CT would be memory new to the process
        request.infer(
            [np.ascontiguousarray(array, np.float32) for array in inputs], share_inputs=True
        )
        return _outputs(request, len(self._model.outputs))

    def compile(self, *shapes: tuple[int, ...]) -> None:
        """Compile for these shapes of the inputs before they come.

        What is compiled for any size builds its kernels when it first runs, so it runs once.
        """
        if self._any_size:
            self(*(np.zeros(shape, np.float32) for shape in shapes))
        else:
            self._request(shapes)

    def run_each(self, rows: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
        """Run the network on rows of inputs of one shape, as many beside each other as cores.

        A core to a row is faster than all cores on one row after the other, where rows are small.
        """
        queue = self._each(tuple(array.shape for array in rows[0]))
        done: list[list[np.ndarray]] = [[] for _ in rows]

        def keep(request: openvino.InferRequest, number: int) -> None:
            done[number] = _outputs(request, len(self._model.outputs))

        queue.set_callback(keep)
        for number, row in enumerate(rows):
            queue.start_async([np.ascontiguousarray(array, np.float32) for array in row], number)
        queue.wait_all()
        return done

    def _request(self, shapes: Shapes) -> openvino.InferRequest:
        named: Shapes = shapes
        if self._any_size:
            named = tuple((*shape[:_IMAGE], *(-1 for _ in shape[_IMAGE:])) for shape in shapes)
        if named in self._requests:
            self._requests.move_to_end(named)
            return self._requests[named]
        while len(self._requests) >= _SHAPES:
            self._requests.popitem(last=False)
        settings: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY"}
        if quota := core_quota():  # OpenVINO knows allowed cores, not a container's quota
            settings["INFERENCE_NUM_THREADS"] = quota
        compiled = self._compiled(named, settings)
        self._requests[named] = compiled.create_infer_request()
        return self._requests[named]

    def _each(self, shapes: Shapes) -> openvino.AsyncInferQueue:
        if self._queue is None or self._queue_shapes != shapes:
            cores = thread_count()
            settings = {"NUM_STREAMS": cores, "INFERENCE_NUM_THREADS": cores}
            self._queue = openvino.AsyncInferQueue(self._compiled(shapes, settings), cores)
            self._queue_shapes = shapes
        return self._queue

    def _compiled(
        self, shapes: Shapes, settings: Mapping[str, str | int]
    ) -> openvino.CompiledModel:
        wanted = zip(self._model.inputs, map(openvino.PartialShape, shapes), strict=True)
        self._model.reshape(dict(wanted))
        return self._core.compile_model(self._model, "CPU", {**self._precision, **settings})


def _outputs(request: openvino.InferRequest, count: int) -> list[np.ndarray]:
    return [np.array(request.get_output_tensor(i).data) for i in range(count)]


class OneByOne:
    """Feed candidates to a network one at a time, several beside each other.

    What is said of a candidate then does not depend on how many there are beside it.

    Args:
        network: takes crops and extents of one candidate.
    """

    def __init__(self, network: OpenVinoNetwork) -> None:
        self._network = network

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Run the network on each row of its inputs, at least one."""
        rows = [[array[i : i + 1] for array in inputs] for i in range(len(inputs[0]))]
        return [np.concatenate(part) for part in zip(*self._network.run_each(rows), strict=True)]


def openvino_version() -> str:
    """Version of OpenVINO, without the build."""
    return str(openvino.get_version()).split("-")[0]
