"""Public functions of masses and couplings take arrays, and are compiled once.

Oracle: the same function called point by point; what JAX itself says of its compilations.
"""

import jax
import numpy as np
import pytest

import jaxtri

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
