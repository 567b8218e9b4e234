"""Units, compose file and container file name programs, options and settings that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from app.settings import Settings
from app.web.components.viewer import build, frontend_file
from tests.app.cli.conftest import Run, starlung, work_dir

__all__ = ["starlung", "work_dir"]  # fixtures

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def commands() -> list[tuple[str, ...]]:
    """Every call of the program in units and compose file."""
    lines = [
        line.removeprefix("ExecStart=/opt/starlung/bin/starlung ").split()
        for unit in UNITS
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    ]
    services = [service.get("command") for service in COMPOSE["services"].values()]
    return sorted({tuple(words) for words in [*lines, *filter(None, services)]})


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_program_knows_the_command_and_its_options(
    words: tuple[str, ...], starlung: Run
) -> None:
    described = starlung(words[0], "--help")
    assert described.exit_code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in described.stdout


def test_every_setting_that_is_named_is_one() -> None:
    names = {f"STARLUNG_{name.upper()}" for name in Settings.model_fields}
    names |= {"STARLUNG_CONFIG", "STARLUNG_TAG"}
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            named = set(re.findall(r"STARLUNG_[A-Z_]+", file.read_text()))
            assert named <= names, file.name


def test_the_sites_file_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARLUNG_CONFIG", str(DEPLOY / "starlung.toml"))
    assert (
        Settings().node.port
        == tomllib.loads((DEPLOY / "starlung.toml").read_text())["node"]["port"]
    )


def test_the_container_takes_what_the_package_needs_and_there_is() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--from)", line)]
    assert all((ROOT / name).exists() for names in copied for name in names)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = re.search(r"'\.\[(.*)\]'", "\n".join(lines))
    assert extras is not None
    assert set(extras[1].split(",")) <= set(declared["optional-dependencies"])
    assert declared["readme"] in [name for names in copied for name in names]


def test_the_viewer_is_built_before_any_package_is_there(tmp_path: Path) -> None:
    """Image and wheelhouse call the file itself, in an environment without the program."""
    for name in ("Containerfile", "wheelhouse.sh"):
        text = (DEPLOY / name).read_text()
        assert " app/web/components/viewer/build.py" in text, name
        assert "-m app.web" not in text, name
    assert frontend_file() == build.BUNDLE
    shutil.copy(build.__file__, tmp_path / "build.py")
    (tmp_path / "frontend" / "dist").mkdir(parents=True)
    (tmp_path / "frontend" / "dist" / "viewer.js").touch()
    alone = [sys.executable, "-I", "-S", str(tmp_path / "build.py")]
    ran = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "The viewer is up to date.\n")


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="no docker-compose here")
def test_compose_reads_its_file(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (tmp_path / "deploy" / "starlung.env.example").rename(tmp_path / "deploy" / "starlung.env")
    ran = subprocess.run(
        ["docker-compose", "--file", tmp_path / "deploy" / "compose.yaml", "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    program = shutil.which("true")
    places = []
    for unit in UNITS:
        place = tmp_path / unit.name.replace("@.", "@1.")
        text = unit.read_text().replace("/opt/starlung/bin/starlung", str(program))
        place.write_text(text)
        places.append(place)
    ran = subprocess.run(
        ["systemd-analyze", "verify", *places], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_posix_shell(script: Path) -> None:
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", script], check=True)
