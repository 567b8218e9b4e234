"""What a reader of strange files may open, and what it opens."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from medical.confined import confined, landlock_version, places
from medical.intake import open_input
from tests.medical.dicom.make import series

needs_landlock = pytest.mark.skipif(not landlock_version(), reason="needs a kernel with Landlock")
ROOT = Path(__file__).parents[2]

READ_AND_LIST = """
import json, os, sys
from pathlib import Path
import numpy, scipy.ndimage  # what a worker has loaded long before
from medical.intake import open_input
opened = []
def note(event, arguments):
    if event == "open" and arguments[2] & getattr(os, "O_PATH", 0):
        return  # a name in a rule of the kernel's; nothing is read of it
    if event in ("open", "os.listdir", "os.scandir", "ctypes.dlopen", "subprocess.Popen"):
        opened.append([event, str(arguments[0])])
sys.addaudithook(note)
opened.clear()
intake = open_input(Path(sys.argv[1]), work_dir=Path(sys.argv[2]))
shapes = [handle.load().hu.shape for handle in intake.chosen]
print(json.dumps({"opened": list(opened), "shapes": shapes}))
"""


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """A zip as somebody might send it: a CT, and a volume whose header names a second file."""
    files = series(tmp_path / "made")
    text = "ObjectType = Image\nNDims = 3\nDimSize = 4 5 6\nElementType = MET_SHORT\n"
    text += "ElementSpacing = 1 1 2\nOffset = 0 0 0\n"
    voxels = np.full(120, -1000, np.int16).tobytes()
    path = tmp_path / "in" / "0001.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(files.iterdir()):
            archive.write(file, f"ct/{file.name}")
        archive.writestr("good/a.mhd", text + "ElementDataFile = a.raw\n")
        archive.writestr("good/a.raw", voxels)
    return path


def test_everything_opened_lies_in_the_input_or_is_python_s(upload: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    command = [sys.executable, "-c", READ_AND_LIST, str(upload), str(work)]
    trace = shutil.which("strace")
    log = tmp_path / "trace.txt"
    if trace and subprocess.run([trace, "true"], capture_output=True, check=False).returncode == 0:
        command = [trace, "-f", "-e", "trace=open,openat,openat2", "-o", str(log), *command]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    record = json.loads(ran.stdout)
    assert len(record["shapes"]) == 2
    opened = [name for event, name in record["opened"] if not name.isdigit()]
    assert len([name for name in opened if name.startswith(str(work))]) > 10
    libraries = (sys.prefix, sys.base_prefix, str(ROOT), *sys.path[1:])
    allowed = (str(upload.parent), str(work), *(path for path in libraries if path))
    strange = [name for name in opened if not name.startswith((*allowed, "/usr/", "/dev/null"))]
    assert not [name for name in strange if name.startswith("/")]
    if log.exists():  # what libraries opened past Python, once the input was
        lines = log.read_text(errors="replace").splitlines()
        first = next(n for n, line in enumerate(lines) if str(upload) in line)
        read = [line for line in lines[first:] if " = -1 " not in line and "O_PATH" not in line]
        names = [line.split('"')[1] for line in read if '"' in line]
        system = ("/usr/", "/lib", "/etc/ld.so.cache", "/etc/localtime", "/dev/", "/sys/devices/")
        assert not [
            name
            for name in names
            if name.startswith("/") and not name.startswith((*allowed, *system))
        ]


@needs_landlock
@pytest.mark.parametrize("name", ["/etc/passwd", "/proc/self/environ", "/proc/1/status"])
def test_the_kernel_refuses_other_files(name: str, tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        confined(lambda: Path(name).read_bytes(), read=[tmp_path])
    with pytest.raises(PermissionError):  # a library's own open is refused as Python's
        confined(lambda: np.fromfile(name, np.uint8), read=[tmp_path])


@needs_landlock
def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(PermissionError):
        confined((tmp_path / "in" / "link").read_text, read=[tmp_path / "in"])


@needs_landlock
def test_only_the_work_folder_is_written(tmp_path: Path) -> None:
    for name in ("in", "work"):
        (tmp_path / name).mkdir()

    def write(folder: str) -> int:
        return (tmp_path / folder / "new").write_text("x")

    folders = {"read": [tmp_path / "in"], "write": [tmp_path / "work"]}
    assert confined(lambda: write("work"), **folders) == 1
    with pytest.raises(PermissionError):
        confined(lambda: write("in"), **folders)


def test_the_rest_of_the_process_keeps_its_rights(tmp_path: Path) -> None:
    confined(lambda: None, read=[])
    (tmp_path / "x").write_text("still mine")
    assert (tmp_path / "x").read_text() == "still mine"


def test_what_fails_inside_fails_outside() -> None:
    with pytest.raises(KeyError, match="reason"):
        confined(lambda: {}["reason"], read=[])


def test_links_that_a_user_made_in_a_named_folder_are_followed(tmp_path: Path) -> None:
    series(tmp_path / "archive")
    (tmp_path / "in").mkdir()
    for file in (tmp_path / "archive").iterdir():
        (tmp_path / "in" / file.name).symlink_to(file)
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    assert tmp_path / "archive" not in places(tmp_path / "in")
    handle = open_input(tmp_path / "in", work_dir=tmp_path / "work").chosen[0]
    assert handle.load().hu.shape[0] == 8
