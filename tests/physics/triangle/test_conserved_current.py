"""The triangle of a conserved current against its 50-digit values: heavy, light, near m_Z, at thresholds.

Oracle: tests/reference/ward.py, closed forms in mpmath that are checked against the double Feynman integral.
"""

import json

import jax
import numpy as np
import pytest

from jaxtri.physics.triangle import conserved_current
from jaxtri.physics.triangle.conserved_current import conserved_current_integral
from places import REFERENCE

VALUE = 1e-12  # relative, as the public functions promise; times the condition number next to a threshold
SLOPE = 1e-9  # relative, of derivatives, which lose the digits of a square root next to a threshold
ROUNDING = 2e-16  # of an input: the condition number multiplies it
AT_THRESHOLD = 1e7  # the square root of 1 / ROUNDING: J bends as a root there
MOVED = 1e-5  # by how much the negative controls must miss
FLOOR = 1e-13  # of |J| / m: a slope below it is one of a fermion without a mass


@pytest.fixture(scope="module")
def records():
    return json.loads((REFERENCE / "ward.json").read_text())["J"]


def legs_of(record):
    """Squared momenta of the axial and of the conserved leg, in the order of the function."""
    pair = record["m_Z"] ** 2, record["m_X"] ** 2
    return pair if record["legs"] == "ZX" else pair[::-1]


@pytest.fixture(scope="module")
def columns(records):
    a, v = np.array([legs_of(record) for record in records]).T
    m = np.array([record["m"] for record in records])
    return a, v, m


def complex_of(records, name):
    return np.array([complex(*record[name]) for record in records])


def conditions(records):
    """Relative change of J over that of an input; exactly at a threshold as of a square root."""
    return np.array([record["condition"] or AT_THRESHOLD for record in records])


def test_values(records, columns):
    expected = complex_of(records, "J")
    allowed = VALUE + 10 * ROUNDING * conditions(records)
    found = np.asarray(conserved_current_integral(*columns))
    assert np.all(np.abs(found - expected) <= allowed * np.abs(expected))
    exchanged = np.asarray(conserved_current_integral(columns[1], columns[0], columns[2]))
    legs_differ = np.abs(columns[0] / columns[1] - 1) > 0.1
    light = legs_differ & (columns[2] < 1e3)
    missed = np.abs(exchanged - expected)[light] > MOVED * np.abs(expected)[light]
    assert np.mean(missed) > 0.9


@pytest.mark.parametrize("regime", ["grid", "near_m_Z", "threshold_X", "threshold_Z", "anomalon"])
def test_every_regime_has_records(records, regime):
    assert sum(record["regime"] == regime for record in records) >= 20


def test_slopes(records, columns):
    """By m_X and by m, where both exist."""
    known = [n for n, one in enumerate(records) if one.get("dJ_dm_X") and one.get("dJ_dm")]

    def parts(m_X, m_Z, m, is_zx):
        a, v = jax.numpy.where(is_zx, m_Z**2, m_X**2), jax.numpy.where(is_zx, m_X**2, m_Z**2)
        J = conserved_current_integral(a, v, m)
        return jax.numpy.stack([J.real, J.imag])

    some = [records[n] for n in known]
    arguments = [np.array([one[key] for one in some]) for key in ("m_X", "m_Z", "m")]
    is_zx = np.array([one["legs"] == "ZX" for one in some])
    slopes = jax.jit(jax.vmap(jax.jacfwd(parts, argnums=(0, 2))))(*arguments, is_zx)
    size = np.abs(complex_of(some, "J"))
    condition = conditions(some)
    for name, found, scale in zip(("dJ_dm_X", "dJ_dm"), slopes, (arguments[0], arguments[2]), strict=True):
        expected, value = complex_of(some, name), np.asarray(found[:, 0] + 1j * found[:, 1])
        allowed = (SLOPE + 10 * ROUNDING * condition**2) * np.abs(expected)
        allowed += FLOOR * size / np.maximum(scale, 1e-12)
        assert np.all(np.abs(value - expected) <= allowed), name


EDGES = [
    (8315.0, 8315.0, 4.0),
    (8315.0, 8315.0, 0.0),
    (8315.0, 8315.0, 8315.0**0.5 / 2),
    (8315.0, 3.0, 8315.0**0.5 / 2),
    (8315.0, 4.0, 1.0),
    (8315.0, 0.0, 5e-4),
    (8315.0, 1e-18, 0.0),
    (0.0, 8315.0, 200.0),
    (1.0, 8315.0, np.inf),
    (8315.0, 1.0, 1e6),
]


@pytest.mark.parametrize("legs", EDGES)
def test_values_and_slopes_are_finite_at_every_edge(legs):
    values = jax.value_and_grad(lambda a, v, m: conserved_current_integral(a, v, m).real, argnums=(0, 1, 2))
    assert all(np.isfinite(one) for one in jax.tree.leaves(values(*legs)))


def test_infinite_mass_is_the_limit_of_a_large_one():
    assert complex(conserved_current_integral(1.0, 8315.0, np.inf)) == 0
    heavy = complex(conserved_current_integral(1.0, 8315.0, 1e5))
    assert heavy == pytest.approx(1 / (24 * 1e10), rel=1e-6)


@pytest.mark.parametrize("branch", ["near", "heavy"])
def test_the_closed_form_alone_would_cancel(branch):
    """Negative control of both rules: the closed form loses half of the digits where they are used."""
    a, v, m = {"near": (8315.0, 8314.9, 4.0), "heavy": (8315.0, 1.0, 1e6)}[branch]
    expected = complex(conserved_current_integral(a, v, m))
    far = complex(conserved_current._far(*(jax.numpy.asarray(x) for x in (a, v, m))))
    assert abs(far / expected - 1) > 1e3 * VALUE
