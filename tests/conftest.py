"""What every test shares: 64-bit floats, the shipped records, the independent reference numbers."""

import json

import jax
import pytest

import kernels
from jaxtri.__main__ import main
from jaxtri.model.gauge_model import load_model
from jaxtri.model.standard_model import load_standard_model
from jaxtri.model.treatment import load_treatment
from jaxtri.numerics import jax_settings
from places import REFERENCE

jax.config.update("jax_enable_x64", True)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # workers find all of it in their environment
        kernels.share(config)


@pytest.fixture(autouse=True)
def unprepared(monkeypatch):
    """A command in this process keeps no executables: JAX's cache, of all tests, is on, and spoils them."""
    monkeypatch.setattr(jax_settings, "prepare", lambda: None)  # 64 bits are enabled above


@pytest.fixture
def in_process(monkeypatch, capsys):
    """Run a command in a folder and in this process, for what a subprocess would not show better."""

    def answer(folder, *arguments):
        monkeypatch.chdir(folder)
        code = main([*map(str, arguments)])
        return code, *capsys.readouterr()

    return answer


@pytest.fixture(scope="session")
def sm():
    return load_standard_model()


@pytest.fixture(scope="session")
def b_minus_l():
    return load_model("b_minus_l")


@pytest.fixture(scope="session")
def b3_minus_l2():
    return load_model("b3_minus_l2")


@pytest.fixture(scope="session")
def models(b_minus_l, b3_minus_l2):
    """The shipped models, by the name that the reference scripts give them."""
    return {"B-L": b_minus_l, "B3-L2": b3_minus_l2}


@pytest.fixture(scope="session")
def treatments():
    return {name: load_treatment(name) for name in ("printed", "figure", "matched")}


@pytest.fixture(scope="session")
def rates():
    """Production rates of tests/reference/rates.py: formulas alone, 50 digits."""
    return json.loads((REFERENCE / "rates.json").read_text())


@pytest.fixture(scope="session")
def x_decays():
    """Decays of X of tests/reference/x_decays.py: formulas alone, 30 digits, W by another quadrature."""
    return json.loads((REFERENCE / "x_decays.json").read_text())
