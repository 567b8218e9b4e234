"""A run's configuration: refused in words of the command's options, kept without secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from medical.errors import sentence_of
from medical.training.config import Assigned, Cases, Cluster, RunConfig
from medical.training.recipes import Patches, Phase, Recipe

SOURCE = {"cases": "folder"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"recipe": {"patches": {"batch": 6}}}, "--batch must be a multiple of 4, got 6"),
        ({"recipe": {"patches": {"patch": 32}}}, "--patch must be greater than or equal to 48"),
        ({"recipe": {"budget": {"minutes": 0}}}, "--minutes must be greater than 0, got 0"),
        ({"recipe": {"budget": {"steps": 0}}}, "--steps must be greater than or equal to 1"),
        ({"cluster": {"per_node": 0}}, "--per-node must be greater than or equal to 1, got 0"),
        ({"cluster": {"nodes": 2}}, "several nodes need --rendezvous"),
        ({"cluster": {"node": 1}}, "--node must be 0 to 0, got 1"),
    ],
)
def test_what_cannot_be_is_said_in_words_of_the_command(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RunConfig.model_validate({"source": SOURCE, **given})
    assert says in sentence_of(refused.value)


def test_stages_of_a_curriculum_are_those_of_one_phase() -> None:
    halves = [{"name": name, "share": 0.5} for name in ("a", "b")]
    stage = {"name": "large", "steps": 3}
    given = {"recipe": {"phases": halves}, "curriculum": {"stages": [stage]}}
    with pytest.raises(ValidationError) as refused:
        RunConfig.model_validate({"source": SOURCE, **given})
    assert "--plan needs a recipe of one phase" in sentence_of(refused.value)


def test_every_rank_reads_what_was_written(tmp_path: Path) -> None:
    config = RunConfig(
        source=Cases(cases="folder", nodule_pool=Path("pool.npz")),
        recipe=Recipe(phases=(Phase(batches={"large_mm": [12.0, 20.0]}),), seed=5),
        cluster=Cluster(nodes=2, node=0, rendezvous="host:1"),
        sparse=True,
        assigned=Assigned(training=("cases/a.npz",)),
    )
    config.write(tmp_path)
    assert RunConfig.read(tmp_path) == config


def test_nodes_write_the_same(tmp_path: Path) -> None:
    texts = []
    for node in (0, 1):
        cluster = Cluster(nodes=2, node=node, rendezvous="host:1")
        RunConfig(source=Cases(cases="folder"), cluster=cluster).write(tmp_path)
        texts.append((tmp_path / "run.json").read_text())
    assert texts[0] == texts[1]


def test_a_password_stays_out_of_the_folder_and_paths_out_of_the_card(tmp_path: Path) -> None:
    address = "postgresql://reader:secret@host/store"
    config = RunConfig(source=Cases(cases=address), start_from=str(tmp_path))
    config.write(tmp_path)
    text = (tmp_path / "run.json").read_text()
    assert "secret" not in text
    assert "reader:***@host/store" in text
    assert config.source.cases == address
    card = str(config.for_card())
    assert "host" not in card
    assert str(tmp_path) not in card


def test_a_batch_is_the_devices_where_none_was_given() -> None:
    assert Patches().on("cuda").count > Patches().on("cpu").count == 4
    assert Patches(batch=8).on("cuda").count == 8
