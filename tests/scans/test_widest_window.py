"""The example of gradients, scans/widest_window.py, run as it ships.

Oracles: `previous_limits` and `excluded_couplings`, limit by limit in plain Python; a central difference;
the table of the guide.
"""

import importlib.util
import re

import numpy as np
import pytest

import jaxtri
from jaxtri.model.fermions import FERMIONS
from places import SCANS

PRINTED = 0.006  # half a unit of the last digit printed, and a bit
FLAT = 0.1  # of a charge: the window changes by less than it prints along the maximum
STEP = 1e-4  # of a charge, within which no other search takes over at these charges
DIFFERENCE = 1e-6  # of a derivative: steps squared times a third derivative of up to 100
ROUNDING = 1e-9  # of a width in decades
SCAN = {
    "title": "t", "treatments": ["matched"], "searches": {"set": "corrected"}, "curves": False,
    "axes": {"m_X": {"values": [0.1, 1.0]}, "g_X": {"values": [1e-8, 1.0]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("widest_window", SCANS / "widest_window.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def function(example):
    return example.mean_window()


def read(table):
    """Rows of a table: what found them, then numbers."""
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {row[0]: list(map(float, row[1:])) for row in rows}


@pytest.mark.long
def test_gradients_find_a_wider_window_than_chance(example, function):
    """And the guide says what they find."""
    best, chance, b_minus_l = found = example.searched(function)
    assert best.decades > chance.decades + 0.1
    assert chance.decades > b_minus_l.decades + 1
    assert best.evaluations == chance.evaluations
    text = (SCANS / "README.md").read_text()
    written = read(re.search(r"<!-- window -->\n(.*?)\n<!-- end of window -->", text, re.DOTALL)[1])
    for one in found:
        x_e, x_mu, x_tau, decades, _ = written[one.how]
        np.testing.assert_allclose([x_e, x_mu], [one.x_e, one.x_mu], atol=FLAT)
        assert x_e + x_mu + x_tau == pytest.approx(3, abs=0.02)
        assert decades == pytest.approx(one.decades, abs=PRINTED)


@pytest.mark.long
def test_the_window_and_its_slope(example, function):
    for x in (np.array([1.0, 1.0]), np.array([1.3, -0.6])):
        (_, widths), slope = function(x)
        numeric = [
            float(function(x + h)[0][0] - function(x - h)[0][0]) / (2 * STEP) for h in STEP * np.eye(2)
        ]
        np.testing.assert_allclose(slope, numeric, rtol=0, atol=DIFFERENCE)
        assert abs(slope[0] - numeric[1]) > 1e3 * DIFFERENCE  # so the comparison is able to fail
        for i in (0, 12, 24):
            expected = one_by_one(example, x, float(example.MASSES[i]))
            np.testing.assert_allclose(widths[i], expected, rtol=0, atol=ROUNDING)


def one_by_one(example, x, m_X):
    """Width of the window at one mass from the lists of what every search excludes."""
    charges = dict(zip(FERMIONS, example.charges_of(x), strict=True))
    own = {"title": "own", "neutrinos": "chiral", "charges": {k: float(v) for k, v in charges.items()}}
    bottom, top = [example.FLOOR], []
    for one in jaxtri.previous_limits(own, m_X=[m_X]):
        if one.kind in ("dump", "displaced"):
            bottom += list(one.g_upper)
        elif one.status != "formula":
            top += list(one.g_lower)
    (found,) = jaxtri.excluded_couplings(SCAN | {"model": own}, m_X).values()
    top += [low for intervals in found.values() for low, _ in intervals]
    return np.log10(min(top) / max(bottom))
