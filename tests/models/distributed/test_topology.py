from __future__ import annotations

import os
from pathlib import Path

from models.distributed.topology import number, own_numa_node, processors


def test_equal_places_get_equal_numbers() -> None:
    assert number(["b", "a", "b", "c"]) == [0, 1, 0, 2]


def test_kernel_lists_of_processors_are_read() -> None:
    assert processors("0-2,8\n") == {0, 1, 2, 8}
    assert processors("\n") == set()


def test_process_belongs_to_the_memory_node_of_all_its_processors(tmp_path: Path) -> None:
    mine = sorted(os.sched_getaffinity(0))
    for name, told in (("node0", "1000-1003"), ("node1", ",".join(map(str, mine)))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cpulist").write_text(told)
    assert own_numa_node(memory=tmp_path) == 1


def test_process_on_several_memory_nodes_belongs_to_none(tmp_path: Path) -> None:
    (tmp_path / "node0").mkdir()
    (tmp_path / "node0" / "cpulist").write_text("1000")
    assert own_numa_node(memory=tmp_path) == -1
