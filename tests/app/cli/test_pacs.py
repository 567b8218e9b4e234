"""``starlung receive``, ``send`` and ``fetch`` as programs, against a real Orthanc."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pydicom
import pytest

from app.cli.common import print_line
from tests.app.cli.conftest import Run, one_line
from tests.medical.dicom_out.conftest import Written, upright, write_all
from tests.medical.node.conftest import storescu, write_study
from tests.medical.node.test_receiver import instances
from tests.orthanc import Orthanc, free_port, new_orthanc

__all__ = ["upright", "write_all"]  # fixtures

PROGRAM = [sys.executable, "-m", "app.cli.main"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "starlung.toml"
    config.write_text("")
    return os.environ | {
        "STARLUNG_WORK_DIR": str(tmp_path / "work"),
        "STARLUNG_CONFIG": str(config),
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def address(orthanc: Orthanc) -> str:
    return f"ORTHANC@127.0.0.1:{orthanc.dicom_port}"


@pytest.mark.heavy
def test_what_is_sent_is_fetched_again(environment: dict[str, str], tmp_path: Path) -> None:
    orthanc = new_orthanc(tmp_path / "orthanc")
    files = write_study(tmp_path / "ct")
    waits = run(environment, "send", str(tmp_path / "ct"), "--to", address(orthanc), "--wait", "0")
    assert (waits.returncode, waits.stdout) == (4, "0 objects sent, 6 not.\n")
    assert "Traceback" not in waits.stderr
    orthanc.start()
    sent = run(environment, "send", "--to", address(orthanc))
    assert (sent.returncode, sent.stdout) == (0, "6 objects sent, 0 not.\n"), sent.stderr
    place = str(tmp_path / "out")
    fetched = run(
        environment, "fetch", "--from", orthanc.web.url, "--date", "20200101", "--out", place
    )
    assert (fetched.returncode, fetched.stdout) == (0, "6 objects fetched, 0 not.\n")
    assert sorted(instances(sorted(Path(place).rglob("*.dcm")))) == sorted(instances(files))
    orthanc.stop()


@pytest.mark.heavy
def test_a_node_that_is_killed_has_what_it_took(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    files = write_study(tmp_path / "ct", slices=40)
    environment["STARLUNG_NODE"] = f'{{"port": {port}, "quiet_seconds": 1, "min_free_mb": 0}}'

    def start() -> subprocess.Popen[str]:
        node = subprocess.Popen(
            [*PROGRAM, "receive"], env=environment, stderr=subprocess.PIPE, text=True
        )
        assert node.stderr is not None
        assert "listens on" in node.stderr.readline()
        return node

    node = start()
    sender = subprocess.Popen(
        ["storescu", "-xt", "-aec", "STARLUNG", "127.0.0.1", str(port), *map(str, files)],
        stderr=subprocess.DEVNULL,
    )
    spool = tmp_path / "work" / "node" / "arrived"
    while len(list(spool.glob("*/*.dcm"))) < 5:
        time.sleep(0.01)
    node.send_signal(signal.SIGKILL)
    node.wait()
    sender.wait()
    before = len(list(spool.glob("*/*.dcm")))
    assert before >= 5
    node = start()
    assert storescu(port, files) == 0
    end = time.monotonic() + 20
    while not (listed := run(environment, "queue", "list").stdout) and time.monotonic() < end:
        time.sleep(0.2)
    node.send_signal(signal.SIGTERM)
    assert node.wait(20) == 0
    (line,) = listed.splitlines()
    source = Path(line.split("\t")[-1])
    assert instances(list(source.iterdir())) == instances(files)
    assert list(spool.glob("*/.draft*")) == []


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("send", "--to", "nowhere"), "nowhere: no such peer."),
        (("send", "--to", "http://u:p@x/"), "an address may hold no password"),
        (("fetch", "--from", "A@h:1"), "give --study or --date."),
        (("fetch", "--from", "A@h:1", "--study", "1.2"), "give either --out or --move-to."),
    ],
)
def test_wrong_use_is_one_sentence(
    environment: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    ended = run(environment, *arguments)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_wrong_setting_of_the_node_is_named(environment: dict[str, str]) -> None:
    environment["STARLUNG_NODE"] = '{"rules": [{"send_to": ["pacs"]}]}'
    ended = run(environment, "receive")
    assert ended.returncode == 2
    assert "which node.peers does not name" in ended.stderr


NO_SUCH = "there is no such setting"
WRONG = {
    "[nod]\nport = 1\n": f"setting nod: {NO_SUCH}. Correct",
    "[node]\nae_titel = 'X'\n": f"setting node.ae_titel: {NO_SUCH}. Correct",
    "[node]\nport = 0\n": "setting node.port: Input should be greater than or equal to 1. Correct",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_setting_is_named_with_its_file(
    text: str, starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    monkeypatch.setenv("STARLUNG_CONFIG", str(file))
    result = starlung("send", "--list")
    assert result.exit_code == 2
    assert one_line(result.stderr) == f"{WRONG[text]} {file}."


def test_a_settings_file_that_is_not_there_is_said(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "none.toml"
    monkeypatch.setenv("STARLUNG_CONFIG", str(file))
    result = starlung("send", "--list")
    assert result.exit_code == 2
    assert one_line(result.stderr) == f"{file}: no such file. Correct STARLUNG_CONFIG."


def test_a_name_sets_no_colours_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("/in\x1b[31m\nput/\u202ea.dcm: is damaged.")
    assert capsys.readouterr().err == "/in [31m put/ a.dcm: is damaged.\n"


def test_a_document_is_left_out_where_the_patient_is_taken_out_and_the_rest_is_sent(
    starlung: Run, work_dir: Path, tmp_path: Path, upright: Written
) -> None:
    result = tmp_path / "result"
    result.mkdir()
    for form in ("sr", "seg", "pdf"):
        shutil.copyfile(upright.file(form), result / f"{form}.dcm")
    nowhere = ("--to", f"PACS@127.0.0.1:{free_port()}", "--wait", 0, "--deidentify")
    alone = starlung("send", result / "pdf.dcm", *nowhere)
    assert (alone.exit_code, "Nothing was entered." in alone.stderr) == (2, True)
    ended = starlung("send", result, *nowhere)
    assert f"{result / 'pdf.dcm'}: not sent: a document may name the patient" in ended.stderr
    assert "2 objects entered" in ended.stderr
    assert (ended.exit_code, ended.stdout) == (4, "0 objects sent, 3 not.\n")
    waiting = sorted((work_dir / "node" / "outbox").rglob("*.dcm"))
    modalities = {pydicom.dcmread(file).Modality for file in waiting}
    assert (len(waiting), modalities) == (2, {"SR", "SEG"})
    assert all("王".encode() not in file.read_bytes() for file in waiting)
