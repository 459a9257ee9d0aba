"""What is shipped works where it is installed.  Oracle: a fresh environment that holds the wheel alone."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import h5py
import pytest

from places import PATIENCE_S, ROOT

TABLES = sorted(  # and the script of a page
    str(path.relative_to(ROOT))
    for path in (ROOT / "jaxtri").rglob("*")
    if path.suffix in (".toml", ".csv", ".md", ".json", ".js")
)
SPEC = """title = "tiny"
model = "b_minus_l"
treatments = ["figure"]
searches = {set = "printed", only = ["na62_2021_kpi_invisible_low"]}
axes = {m_X = {values = [0.01, 0.02]}, g_X = {values = [1e-9, 1e-3]}}
"""


def checked(*command, cwd):
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The wheel, built from the source distribution."""
    out = tmp_path_factory.mktemp("dist")
    checked(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return {path.suffix: path for path in out.iterdir()}


@pytest.fixture(scope="session")
def environment(built, tmp_path_factory):
    """A new environment: the wheel, and the dependencies of the current one behind it."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    checked(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        built[".whl"],
        cwd=folder,
    )
    site = Path(
        checked(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    # a .pth file of a .pth file is not read: an editable jaxtri of the current environment stays unseen
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def contents(path):
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(path) as archive:
        files = [member for member in archive if member.isfile()]
        return {one.name.split("/", 1)[1]: archive.extractfile(one).read() for one in files}


@pytest.mark.parametrize("kind", [".gz", ".whl"])
def test_every_table_is_shipped(built, kind):
    shipped = contents(built[kind])
    assert len(TABLES) > 35
    for name in TABLES:
        assert shipped[name] == (ROOT / name).read_bytes()
    assert "jaxtri/py.typed" in shipped
    assert not [name for name in shipped if "__pycache__" in name or name.endswith((".h5", ".part"))]


def test_the_source_distribution_can_be_tested(built):
    shipped = contents(built[".gz"])
    for name in (
        "tests/conftest.py",
        "tests/reference/triangle.json",
        "scans/figure_3.toml",
        "pyproject.toml",
    ):
        assert name in shipped
    assert {"README.md", "LICENSE", "CITATION.cff"} <= set(shipped)


def test_the_source_distribution_has_the_pictures_of_the_readme(built):
    assert {"scans/figure_3.png", "benchmarks/triangle_convergence.png"} <= set(contents(built[".gz"]))


def test_the_wheel_holds_the_package_alone(built):
    tops = {name.split("/")[0] for name in contents(built[".whl"])}
    assert tops == {"jaxtri", f"jaxtri-{version('jaxtri')}.dist-info"}


def test_the_installed_package_is_the_one_that_runs(environment, tmp_path):
    where = checked(
        environment / "bin" / "python", "-c", "import jaxtri; print(jaxtri.__file__)", cwd=tmp_path
    )
    assert Path(where.strip()).is_relative_to(environment)
    assert not ROOT.is_relative_to(environment)


def test_models_from_another_folder(environment, tmp_path):
    text = checked(environment / "bin" / "jaxtri", "models", cwd=tmp_path)
    assert "b3_minus_l2: U(1)_{B3-L2}" in text
    assert "b_minus_l: U(1)_{B-L}" in text


def test_a_scan_from_another_folder(environment, tmp_path):
    (tmp_path / "tiny.toml").write_text(SPEC)
    checked(environment / "bin" / "jaxtri", "scan", "tiny.toml", "--quiet", cwd=tmp_path)
    with h5py.File(tmp_path / "tiny_figure.h5") as file:
        assert file["excluded"][...].tolist() == [[0, 1], [0, 1]]
