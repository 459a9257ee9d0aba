"""Commands where something around them is not as usual: streams, signals, devices, notebooks, no home.

Oracle: exit codes that --help lists, and no traceback.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

from jaxtri import __main__ as program
from jaxtri.errors import InterruptedScan
from jaxtri.numerics import jax_settings, kernels
from jaxtri.numerics.jax_settings import prepare
from places import AS_IN_A_TERMINAL, PATIENCE_S, PROGRAM, SCANS, begun

SIGNALS, QUICK_SIGNALS = 60, 4
MOST_SIGNALS = 40  # until one lands between the command's first line and its end, on any machine
AGAIN = 8  # signals after which that time is measured again
EARLIEST = 0.2  # of the time that `point` takes here; before it Python itself begins
FIGURE_3 = SCANS / "figure_3.toml"
TINY = """
title = "t"
model = "b_minus_l"
treatments = ["matched"]
curves = false
[searches]
set = "printed"
only = ["belle_2017_bk_invisible"]
[axes]
m_X = {min = 1e-3, max = 5.0, points = 3, spacing = "log"}
g_X = {min = 1e-8, max = 1e-2, points = 3, spacing = "log"}
"""
POINT = ("point", FIGURE_3, "--m-X", "0.05", "--g-X", "1e-6", "--treatment", "matched")


def run(*arguments, **changed):
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], env=os.environ | changed, check=False, capture_output=True,
        text=True, timeout=PATIENCE_S,
    )  # fmt: skip


def test_inside_a_notebook():
    done = run("models", MPLBACKEND="module://matplotlib_inline.backend_inline")
    assert (done.returncode, done.stderr) == (0, "")
    code = (
        "from jaxtri.__main__ import main; main(['models']); "
        "import matplotlib; print(matplotlib.get_backend())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"MPLBACKEND": "module://nowhere"}, check=True,
        capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.stdout.endswith("agg\n")


def test_no_such_device():
    done = run(*POINT, JAX_PLATFORMS="cuda")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "jaxtri: JAX_PLATFORMS=cuda: JAX finds no such device here; leave it out, or choose cpu"
    )
    assert run("models", JAX_PLATFORMS="cuda").returncode == 0  # a list needs none
    done = run(*POINT, JAX_PLATFORM_NAME="gpu")
    assert done.stderr.splitlines()[-1].startswith("jaxtri: JAX_PLATFORM_NAME=gpu: JAX finds no such device")


@pytest.mark.parametrize("name", ["JAX_ENABLE_X64", "JAX_NUM_CPU_DEVICES", "JAX_DEFAULT_MATMUL_PRECISION"])
def test_a_variable_that_jax_refuses(name):
    done = run(*POINT, **{name: "nonsense"})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("jaxtri: JAX cannot start: ")
    assert "nonsense" in line
    assert name.lower() in line.lower()


def test_streams_that_are_ascii(tmp_path):
    for line in (("models",), ("treatments",), ("cite", tmp_path / "nö.h5")):
        done = run(*line, PYTHONIOENCODING="ascii")
        assert "Traceback" not in done.stderr
        assert done.stdout.isascii()
    assert "0.1–2 GeV".translate(program.PLAIN) == "0.1-2 GeV"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_streams_that_are_closed(closed):
    done = subprocess.run(
        f'"{PROGRAM}" models {closed}',
        shell=True,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    done = subprocess.run(
        f'"{PROGRAM}" info nowhere.h5 {closed}', shell=True, check=False, capture_output=True, text=True,
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 4


@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"])
def test_messages_that_cannot_be_written_are_lost_alone(tmp_path, stream):
    (tmp_path / "t.toml").write_text(TINY)
    done = subprocess.run(
        ["bash", "-c", f'"{PROGRAM}" scan t.toml {stream}'], cwd=tmp_path, check=False, capture_output=True,
        text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "wrote t_matched.h5\n")


def test_a_full_device():
    done = subprocess.run(
        f'"{PROGRAM}" models > /dev/full', shell=True, check=False, capture_output=True, text=True,
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)


def test_a_user_without_a_home(monkeypatch):
    """Nothing is kept, and everything works; an empty XDG_CACHE_HOME counts as none."""

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert jax_settings._own_folder() is None
    kept = []
    monkeypatch.setattr(kernels, "keep", kept.append)
    monkeypatch.setattr(jax_settings.kernels, "keep", kept.append)
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        prepare()
        assert jax.config.jax_compilation_cache_dir is None
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
    assert kept == []


def test_an_empty_cache_variable_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert jax_settings._own_folder().is_relative_to(tmp_path / ".cache" / "jaxtri")
    assert not (tmp_path / "jaxtri").exists()


@pytest.mark.parametrize("count", [QUICK_SIGNALS, pytest.param(SIGNALS, marks=pytest.mark.long)])
def test_signals_while_a_command_begins(count):
    run(*POINT)  # kernels that are kept make the next ones equally long
    chance, ends = random.Random(3), []
    while len(ends) < count or not {130, 75} & set(ends):
        assert len(ends) < max(count, MOST_SIGNALS), ends
        if len(ends) % AGAIN == 0:  # the machine may become slower
            since = time.monotonic()
            assert run(*POINT).returncode == 0
            longest_s = time.monotonic() - since
        which = (signal.SIGINT, signal.SIGTERM)[len(ends) % 2]
        command = [sys.executable, "-c", AS_IN_A_TERMINAL, PROGRAM, *POINT]
        with begun(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(chance.uniform(EARLIEST, 1) * longest_s)
            process.send_signal(which)
            _, said = process.communicate(timeout=PATIENCE_S)
        ends.append(process.returncode)
        assert "Traceback" not in said, said
        # -which: Python itself had not begun to load the command
        assert process.returncode in (0, -which, 130 if which == signal.SIGINT else 75), said


@pytest.mark.parametrize(("behind", "code"), [(KeyboardInterrupt(), 130), (InterruptedScan("stopped"), 75)])
def test_a_signal_behind_another_error_is_that_signal(monkeypatch, capsys, behind, code):
    """As where a library calls Python from C, and wraps what it raises."""

    def command(arguments):
        try:
            raise behind
        except BaseException as error:
            raise SystemError("returned a result with an exception set") from error

    monkeypatch.setattr("jaxtri.cli.commands.command_of", lambda name: command)
    assert program.main(["run", "any.toml"]) == code
    assert capsys.readouterr().err.endswith("the same command resumes\n")
    monkeypatch.setattr("jaxtri.cli.commands.command_of", lambda name: lambda arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # what is no signal is not hidden
        program.main(["models"])


def _xla_gc_callback():
    """Stands for the function of this name, in which Python drops what is raised."""
    signal.raise_signal(signal.SIGTERM)
    return "went on"


def test_what_python_would_drop_is_raised_a_moment_later():
    with program._signals(), program._unwinding():
        assert _xla_gc_callback() == "went on"
        with pytest.raises(InterruptedScan):
            time.sleep(PATIENCE_S)
    with program._signals(), program._unwinding(), pytest.raises(InterruptedScan):  # elsewhere at once
        signal.raise_signal(signal.SIGTERM)
