"""Public functions of masses and couplings take arrays, and are compiled once.

Oracle: the same function called point by point; what JAX itself says of its compilations.
"""

import jax
import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError

MASSES, COUPLINGS = np.array([[0.01], [0.31], [2.0]]), np.array([1e-6, 1e-3])
ROUNDING = 1e-12  # mapped and scalar code are compiled apart
CALLS = {
    "branching_ratio, B0": lambda sm, model, t, s, m, g: jaxtri.branching_ratio(
        "B0 -> K*0 X", sm, model, t, m, g
    ),
    "branching_ratio, mean": lambda sm, model, t, s, m, g: jaxtri.branching_ratio(
        "B -> K X", sm, model, t, m, g
    ),
    "x_width": lambda sm, model, t, s, m, g: jaxtri.x_width(sm, model, m, g),
    "x_lifetime": lambda sm, model, t, s, m, g: jaxtri.x_lifetime(sm, model, m, g),
    "x_branching_ratios": lambda sm, model, t, s, m, g: (
        jaxtri.x_branching_ratios(sm, model, m)["hadrons"] + 0 * g
    ),
    "boundary_coupling": lambda sm, model, t, s, m, g: (
        jaxtri.boundary_coupling("belle_2017_bk_invisible", sm, model, t, s, m) + 0 * g
    ),
    "triangle_integral": lambda sm, model, t, s, m, g: jaxtri.triangle_integral(m, 0.0, 1e3 * g, 4.2),
    "decoupling_factor": lambda sm, model, t, s, m, g: jaxtri.decoupling_factor(m, -1.0, 1e3 * g, 4.2),
}


@pytest.fixture(scope="module")
def records(sm, b_minus_l, treatments):
    return (
        sm,
        b_minus_l,
        treatments["matched"],
        jaxtri.load_searches("corrected", only=["belle_2017_bk_invisible"]),
    )


@pytest.mark.parametrize("name", CALLS)
def test_arrays_are_broadcast(records, name):
    values = np.asarray(CALLS[name](*records, MASSES, COUPLINGS))
    assert values.shape == (3, 2)
    for (i, j), value in np.ndenumerate(values):
        alone = CALLS[name](*records, float(MASSES[i, 0]), float(COUPLINGS[j]))
        assert np.shape(alone) == ()
        np.testing.assert_allclose(value, alone, ROUNDING)
    assert len(np.unique(values[~np.isnan(values)])) > 1  # so that the point matters


@pytest.fixture
def compiled():
    """How long each compilation took, since the test began."""
    durations = []

    def note(event, duration, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            durations.append(duration)

    jax.monitoring.register_event_duration_secs_listener(note)
    yield durations
    jax.monitoring.unregister_event_duration_listener(note)


def test_a_compilation_is_seen(compiled):
    jax.jit(lambda x: x + 1)(1.0)
    assert len(compiled) == 1


SAME_KERNEL = ("x_width", "x_branching_ratios", "branching_ratio, mean")  # as another one here, nearly
EXPENSIVE = ("boundary_coupling", "x_lifetime", *SAME_KERNEL)


@pytest.mark.parametrize(
    "name", [one if one not in EXPENSIVE else pytest.param(one, marks=pytest.mark.long) for one in CALLS]
)
def test_a_second_call_compiles_nothing(records, compiled, name):
    sm, *rest = records

    def value_and_slope(m):
        return CALLS[name](*records, m, 1e-3), jax.grad(lambda sm: CALLS[name](sm, *rest, m, 1e-3).real)(
            sm
        ).m_t

    value_and_slope(0.2)
    first = len(compiled)
    value_and_slope(0.3)
    assert len(compiled) == first


OF_COUPLINGS = ("branching_ratio, mean", "x_width", "x_lifetime")
WRONG = {  # name, mass, coupling, words of the message
    "text": ("m_X", "heavy", 1e-3, "m_X = 'heavy': give real numbers"),
    "nothing": ("m_X", None, 1e-3, "m_X = None: give real numbers"),
    "a complex mass": ("m_X", 0.1 + 1j, 1e-3, "give real numbers"),
    "rows of different lengths": ("m_X", [[0.1], [0.1, 0.2]], 1e-3, "give real numbers"),
    "a coupling of text": ("g_X", 0.1, "weak", "g_X = 'weak': give real numbers"),
    "a negative coupling": ("g_X", 0.1, [1e-3, -1e-3], "g_X = -0.001: give 0 or positive values"),
    "shapes": ("g_X", [0.1, 0.2, 0.3], [1e-3, 1e-4], r"shapes m_X \(3,\), g_X \(2,\): give such as can be"),
}


@pytest.mark.parametrize(("which", "m_X", "g_X", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_mass_or_coupling_is_refused(records, which, m_X, g_X, words):
    for name in (*OF_COUPLINGS, *(["boundary_coupling", "x_branching_ratios"] if which == "m_X" else [])):
        with pytest.raises(InputError, match=words):
            CALLS[name](*records, m_X, g_X)


def test_a_leg_of_the_triangle_that_is_no_number_is_refused():
    for call in (jaxtri.triangle_integral, jaxtri.decoupling_factor):
        with pytest.raises(InputError, match="q2 = 'far': give real numbers"):
            call(1.0, "far", 0.0, 4.2)
        with pytest.raises(
            InputError, match=r"shapes p2 \(2,\), q2 \(\), k2 \(3,\), m \(\): give such as can"
        ):
            call([1.0, 2.0], 0.0, [1.0, 2.0, 3.0], 4.2)


def test_no_boundary_below_the_lightest_mass(records):
    """1 eV, as for `point`; what is not known yet is NaN."""
    call = CALLS["boundary_coupling"]
    with pytest.raises(InputError, match="m_X = 1e-12: give at least 1e-09"):
        call(*records, [1e-12, 0.1], 0.0)
    inside = jax.jit(lambda m: call(*records, m, 0.0))
    assert np.isnan(inside(9e-10))
    assert np.isfinite(inside(1.1e-9))


def test_a_negative_coupling_is_no_number_inside_jit(records):
    width = jax.jit(lambda g: CALLS["x_width"](*records, 0.1, g))
    assert np.isnan(width(-1e-3))
    assert width(0.0) == 0
