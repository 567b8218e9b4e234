from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from medical.store.audit import newest
from medical.store.database import open_store, sqlite_url
from medical.store.queue import claim, enqueue, give_up
from models.zoo.card import ModelCard
from models.zoo.loader import CARD, SHIPPED, WEIGHTS, find_model
from models.zoo.networks import load_retinanet
from models.zoo.starnet_card import read_card
from tests.app.cli.conftest import Run, one_line
from tests.models.zoo.bundles import monai_network, write_bundle, zip_bundle
from tests.models.zoo.test_starnets import trained_on


@pytest.fixture
def retrained(tmp_path: Path) -> Path:
    """The shipped model under another name, as a retraining would leave it."""
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED / "starlung-base", folder)
    change_card(folder, name="ward-7")
    return folder


def change_card(folder: Path, **fields: str) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, **fields}))


def test_list_names_the_shipped_model(starlung: Run) -> None:
    result = starlung("models", "list")
    assert result.exit_code == 0
    assert {"starlung-base", "starlung-fast", "starlung-lite"} <= set(result.stdout.split())
    assert "shipped" in result.stdout


def test_show_prints_the_card(starlung: Run) -> None:
    card = json.loads(starlung("models", "show", "starlung-base").stdout)
    assert card["name"] == "starlung-base"
    assert card["not_good_for"]


def test_show_of_an_unknown_model(starlung: Run) -> None:
    result = starlung("models", "show", "nobody")
    assert result.exit_code == 2
    assert "nobody" in one_line(result.stderr)


def test_imported_model_is_listed_shown_and_removed(
    starlung: Run, retrained: Path, work_dir: Path
) -> None:
    (retrained / "notes.txt").write_text("not part of a model")
    assert starlung("models", "import", retrained).exit_code == 0
    copied = {path.name for path in (work_dir / "models" / "ward-7").iterdir()}
    assert copied == {WEIGHTS, CARD}
    assert "ward-7" in starlung("models", "list").stdout
    assert starlung("models", "show", "ward-7").exit_code == 0
    assert starlung("models", "remove", "ward-7").exit_code == 0
    assert "ward-7" not in starlung("models", "list").stdout


@pytest.mark.parametrize("format_", ["starlung", "monai-bundle"])
def test_networks_that_lie_ready_travel_with_their_model(
    starlung: Run, tmp_path: Path, work_dir: Path, format_: str
) -> None:
    files = {path.name: path.read_bytes() for path in (SHIPPED / "starlung-fast").iterdir()}
    out = tmp_path / "out"
    options = ("--format", format_, "--out", out)
    assert starlung("models", "export", "starlung-fast", *options).exit_code == 0
    folder = out / "models" if format_ == "monai-bundle" else out
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    change_card(folder, name="ward-8")
    assert starlung("models", "import", out).exit_code == 0
    copied = {path.name for path in (work_dir / "models" / "ward-8").iterdir()}
    assert copied == set(files) and "first.bin" in copied


def test_a_model_in_use_is_not_removed(
    starlung: Run, retrained: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert starlung("models", "import", retrained).exit_code == 0
    store = open_store(sqlite_url(work_dir / "store.sqlite"))
    enqueue(store, retrained, root=work_dir, actor="anna", model="ward-7")
    result = starlung("models", "remove", "ward-7")
    assert result.exit_code == 2
    assert "1 study waits to be scored with it" in one_line(result.stderr)
    assert (claimed := claim(store, "worker")) is not None
    assert give_up(store, claimed, failure="no CT series in it")
    store.close()
    monkeypatch.setenv("STARLUNG_MODEL", "ward-7")
    result = starlung("models", "remove", "ward-7")
    assert result.exit_code == 2
    assert "this site scores with" in one_line(result.stderr)
    monkeypatch.delenv("STARLUNG_MODEL")
    assert starlung("models", "remove", "ward-7").exit_code == 0


def test_same_name_is_not_imported_twice(starlung: Run, retrained: Path) -> None:
    assert starlung("models", "import", retrained).exit_code == 0
    result = starlung("models", "import", retrained)
    assert result.exit_code == 2
    assert "there already" in one_line(result.stderr)


def test_damaged_weights_are_not_imported(starlung: Run, retrained: Path, work_dir: Path) -> None:
    with (retrained / WEIGHTS).open("ab") as file:
        file.write(b"!")
    result = starlung("models", "import", retrained)
    assert result.exit_code == 2
    assert "SHA-256" in one_line(result.stderr)
    assert not (work_dir / "models").exists()


def test_weights_of_another_network_are_not_imported(starlung: Run, retrained: Path) -> None:
    card = json.loads((retrained / CARD).read_text())
    card["detector"]["widths"] = [8, 16, 32, 64]
    (retrained / CARD).write_text(json.dumps(card))
    result = starlung("models", "import", retrained)
    assert result.exit_code == 2
    assert "do not fit" in one_line(result.stderr)


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden"])
def test_name_that_leaves_the_folder_is_refused(
    name: str, starlung: Run, retrained: Path, work_dir: Path
) -> None:
    change_card(retrained, name=name)
    result = starlung("models", "import", retrained)
    assert result.exit_code == 2
    assert "cannot be a model's name" in one_line(result.stderr)
    assert not (work_dir / "models").exists()


def test_folder_without_model_is_not_imported(starlung: Run, tmp_path: Path) -> None:
    result = starlung("models", "import", tmp_path)
    assert result.exit_code == 2
    assert WEIGHTS in one_line(result.stderr)


def test_unreadable_card_is_one_line(starlung: Run, retrained: Path) -> None:
    (retrained / CARD).write_text("{}")
    result = starlung("models", "import", retrained)
    assert result.exit_code == 2
    assert "not a model card" in one_line(result.stderr)


def test_unreadable_imported_card_names_its_file(starlung: Run, work_dir: Path) -> None:
    folder = work_dir / "models" / "broken"
    folder.mkdir(parents=True)
    (folder / CARD).write_text("{")
    (folder / WEIGHTS).write_bytes(b"")
    result = starlung("models", "list")
    assert result.exit_code == 2
    assert str(folder / CARD) in one_line(result.stderr)


def test_shipped_model_stays(starlung: Run) -> None:
    assert starlung("models", "remove", "starlung-base").exit_code == 2
    assert (SHIPPED / "starlung-base" / WEIGHTS).is_file()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo") / "lung_nodule_ct_detection"
    return write_bundle(folder, monai_network().state_dict())


def test_a_monai_bundle_becomes_a_model(
    starlung: Run, bundle: Path, tmp_path: Path, work_dir: Path
) -> None:
    file = zip_bundle(bundle, tmp_path / "bundle.zip")
    result = starlung("models", "import", file, "--name", "zoo")
    assert result.exit_code == 0
    assert "not calibrated" in result.stdout
    assert "zoo  0.6.9  imported" in starlung("models", "list").stdout
    card = json.loads(starlung("models", "show", "zoo").stdout)
    assert card["detector"]["spacing_mm"] == [0.703125, 0.703125, 1.25]
    assert "not calibrated" in " ".join(card["not_good_for"])
    network, _, _ = load_retinanet(find_model("zoo", imported=work_dir / "models"))
    stored = torch.load(bundle / "models" / "model.pt", weights_only=True)
    assert all(torch.equal(stored[n], v) for n, v in network.state_dict().items())
    twice = starlung("models", "import", bundle, "--name", "zoo")
    assert twice.exit_code == 2
    assert "is there already" in one_line(twice.stderr)


def test_a_bundle_cannot_be_trained_on(starlung: Run, bundle: Path, tmp_path: Path) -> None:
    assert starlung("models", "import", bundle).exit_code == 0
    for command in (("retrain", "--cases"), ("adapt", "--cts")):
        result = starlung(
            *command, tmp_path, "--from", "monai-lung-nodule", "--out", tmp_path / "out"
        )
        assert result.exit_code == 2
        assert "made elsewhere" in one_line(result.stderr)


def test_a_bundle_of_another_network_is_one_line(starlung: Run, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", {"fc.weight": torch.zeros(2, 2)})
    result = starlung("models", "import", folder)
    assert result.exit_code == 2
    assert "ResNet-50" in one_line(result.stderr)


def test_what_is_not_there_is_one_line(starlung: Run, tmp_path: Path) -> None:
    result = starlung("models", "import", tmp_path / "nothing.zip")
    assert result.exit_code == 2
    assert "no such folder or file" in one_line(result.stderr)


@pytest.mark.parametrize("form", ["starlung", "monai-bundle"])
def test_an_exported_model_can_be_imported_elsewhere(
    starlung: Run, retrained: Path, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "exported"
    exported = starlung("models", "export", str(retrained), "--format", form, "--out", str(out))
    assert exported.exit_code == 0
    assert starlung("models", "import", str(out)).exit_code == 0
    shown = ModelCard.model_validate_json(starlung("models", "show", "ward-7").stdout)
    assert shown == ModelCard.read(retrained / CARD)


def test_a_model_whose_networks_lie_ready_leaves_as_one_file(starlung: Run, tmp_path: Path) -> None:
    out = tmp_path / "fast.starlung"
    options = ("models", "export", "starlung-fast", "--format", "one-file", "--out")
    assert starlung(*options, str(out)).exit_code == 0
    packed = find_model(str(out)).card
    whole = find_model("starlung-fast").card
    assert (packed.name, packed.calibration) == ("starlung-fast", whole.calibration)
    wrong = starlung(*options, str(tmp_path / "fast"))
    assert wrong.exit_code == 2
    assert "fast: one file is called NAME.starlung" in one_line(wrong.stderr)


def test_lite_is_one_small_file(starlung: Run, tmp_path: Path) -> None:
    out = tmp_path / "lite.starlung"
    options = ("--format", "one-file", "--out", str(out))
    assert starlung("models", "export", "starlung-lite", *options).exit_code == 0
    assert out.stat().st_size <= 2_700_000
    whole, packed = find_model("starlung-lite").card, find_model(str(out)).card
    assert packed.operating_point == whole.operating_point


def test_a_model_whose_networks_do_not_lie_ready_cannot_be_one_file(
    starlung: Run, tmp_path: Path
) -> None:
    out = str(tmp_path / "base.starlung")
    result = starlung("models", "export", "starlung-base", "--format", "one-file", "--out", out)
    assert result.exit_code == 2
    assert "has no network file" in one_line(result.stderr)
    assert not list(tmp_path.iterdir())


def test_an_export_replaces_nothing(starlung: Run, tmp_path: Path) -> None:
    result = starlung("models", "export", "starlung-base", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert "is there already" in one_line(result.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_starnet_goes_in_and_out_by_name_like_any_model(starlung: Run, tmp_path: Path) -> None:
    made = trained_on(tmp_path / "made")
    assert starlung("models", "import", made).exit_code == 0
    again = starlung("models", "import", made)
    assert again.exit_code == 2
    assert "is there already" in one_line(again.stderr)
    listed = starlung("models", "list").stdout
    assert (
        "starnet-outcomes-1  0.6.1  imported  StarNet, taught on ratings, then outcomes" in listed
    )
    assert '"malignant": 14' in starlung("models", "show", "starnet-outcomes-1").stdout
    out = tmp_path / "out"
    assert starlung("models", "export", "starnet-outcomes-1", "--out", out).exit_code == 0
    assert read_card(out) == read_card(made)
    checks = starlung("doctor").stdout
    assert "StarNet starnet-outcomes-1" in checks
    assert "model in" not in checks
    assert starlung("models", "remove", "starnet-outcomes-1").exit_code == 0
    gone = starlung("score", tmp_path, "--out", out, "--starnet", "starnet-outcomes-1")
    assert gone.exit_code == 2
    assert "there are: starnet." in one_line(gone.stderr)
    assert starlung("models", "remove", "starnet").exit_code == 2


def test_a_damaged_starnet_is_named_removed_and_installed_again(
    starlung: Run, tmp_path: Path, work_dir: Path
) -> None:
    made = trained_on(tmp_path / "made")
    assert starlung("models", "import", made).exit_code == 0
    weights = work_dir / "models" / "starnet-outcomes-1" / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    listed = starlung("models", "list")
    assert (listed.exit_code, "starnet-outcomes-1  damaged" in listed.stdout) == (0, True)
    assert "install it again" in one_line(starlung("models", "show", "starnet-outcomes-1").stderr)
    assert "Remove it first" in one_line(starlung("models", "import", made).stderr)
    assert starlung("models", "remove", "starnet-outcomes-1").exit_code == 0
    assert starlung("models", "import", made).exit_code == 0


def test_what_a_gate_kept_back_needs_a_reason_which_the_trail_keeps(
    starlung: Run, retrained: Path, work_dir: Path
) -> None:
    change_card(retrained, kept_back="too few nodules to tell")
    refused = starlung("models", "import", retrained)
    assert refused.exit_code == 2
    assert "too few nodules to tell" in one_line(refused.stderr)
    assert "--reason" in refused.stderr
    assert not (work_dir / "models" / "ward-7").exists()
    assert starlung("models", "import", retrained, "--reason", " ").exit_code == 2
    assert starlung("models", "import", retrained, "--reason", "40 CTs looked at").exit_code == 0
    assert (work_dir / "models" / "ward-7").is_dir()
    store = open_store(sqlite_url(work_dir / "store.sqlite"))
    entry = newest(store, 1)[0]
    store.close()
    assert (entry.action, entry.subject) == ("install-by-decision", "ward-7 40 CTs looked at")


def test_a_starnet_that_a_gate_kept_back_needs_a_reason_wherever_it_lies(
    starlung: Run, tmp_path: Path, work_dir: Path
) -> None:
    made = trained_on(tmp_path / "made")
    change_card(made, kept_back="AUC may be lower")
    elsewhere = shutil.copytree(made, tmp_path / "elsewhere" / "starnet")
    refused = starlung("models", "import", elsewhere)
    assert refused.exit_code == 2
    assert "AUC may be lower" in one_line(refused.stderr)
    assert starlung("models", "import", elsewhere, "--reason", "our own trial").exit_code == 0
