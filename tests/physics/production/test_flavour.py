"""Eqs. (6), (7), (8): the flavour-changing coupling.

Oracles: tests/reference/rates.py (50 digits); the moduli of the CKM elements that the PDG prints.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp, mpf

from jaxtri.model.standard_model import load_standard_model
from jaxtri.physics.production.flavour import (
    DECOUPLING,
    DOWN_TYPE,
    FCNC_PREFACTOR,
    LOOP_ARGUMENT,
    ckm_matrix,
    fcnc_coupling,
    loop_function,
)

ROUNDING = 1e-12  # relative, against 50 digits; measured 2e-14 for f(x), 2e-15 elsewhere
FOUR_DIGITS = 3e-3  # values quoted with three or four digits, some from inputs rounded to as many
PRINTED = 3e-4  # moduli printed to 1e-5 at worst, from parameters printed to 4 digits
OLDER = {"m_t": 172.57, "m_b": 4.183, "m_c": 1.273, "m_Z": 91.188, "m_W": 80.3692}  # of the quoted values


def loop_sum(sm, i, j, argument):
    """Sum over u, c, t of V_ai V*_aj f(x_a)."""
    V, masses = ckm_matrix(sm), jnp.array([sm.m_u, sm.m_c, sm.m_t])
    mixing = V[:, DOWN_TYPE[i]] * jnp.conj(V[:, DOWN_TYPE[j]])
    return jnp.sum(mixing * loop_function(LOOP_ARGUMENT[argument](sm, masses)))


def naive_loop_function(x, log=np.log):
    return x * (1 + x * (log(x) - 1)) / (1 - x) ** 2


@pytest.mark.parametrize("compiled", [lambda f: f, jax.jit, jax.vmap])
def test_loop_function(rates, compiled):
    x, f = (np.array(rates["loop_function"][name]) for name in "xf")
    np.testing.assert_allclose(compiled(loop_function)(x), f, ROUNDING)


def test_loop_function_written_naively_misses_near_one(rates):
    x, f = (np.array(rates["loop_function"][name]) for name in "xf")
    near = np.abs(x - 1) == np.min(np.abs(x - 1)[x != 1])
    assert np.all(np.abs(naive_loop_function(x[near]) / f[near] - 1) > 1e6 * ROUNDING)


@pytest.mark.parametrize("u", [0.02, 0.0499, 0.0501, 0.08])
def test_loop_function_on_either_side_of_its_series(u):
    """About |x - 1| = 0.05, where the series about 1 hands over to the closed form."""
    with mp.workdps(50):
        expected = [float(naive_loop_function(mpf(1 + v), log=mp.log)) for v in (u, -u)]
    np.testing.assert_allclose(loop_function(jnp.array([1 + u, 1 - u])), expected, ROUNDING)


def test_loop_function_at_its_special_points(sm):
    np.testing.assert_array_equal(loop_function(jnp.array([0.0, 1.0])), [0.0, 0.5])
    slopes = jax.vmap(jax.grad(loop_function))(jnp.array([0.0, 1e-12, 1.0]))  # 1 at 0, 1/3 at 1
    np.testing.assert_allclose(slopes, [0.0, 1.0, 1 / 3], rtol=1e-10)
    assert abs(loop_function((172.57 / 80.3692) ** 2) - 1.2152) < 0.6e-4


def test_ckm_matrix(sm, rates):
    V = ckm_matrix(sm)
    expected = [[complex(*rates["ckm"][u + d]) for d in "dsb"] for u in "uct"]
    np.testing.assert_allclose(V, expected, ROUNDING, 1e-17)  # two elements have no imaginary part
    np.testing.assert_allclose(V @ V.conj().T, np.eye(3), 0, 1e-15)


def test_ckm_matrix_has_the_printed_moduli(sm):
    printed = [  # PDG 2024, CKM review, eq. (12.27)
        [0.97435, 0.22501, 0.003732],
        [0.22487, 0.97349, 0.04183],
        [0.00858, 0.04111, 0.999118],
    ]
    V = ckm_matrix(sm)
    np.testing.assert_allclose(np.abs(V), printed, PRINTED)
    jarlskog = jnp.imag(V[0, 1] * V[1, 2] * jnp.conj(V[0, 2] * V[1, 1]))
    assert abs(jarlskog - 3.12e-5) < 0.006e-5  # same review, eq. (12.28)


def test_leading_wolfenstein_form_misses(sm):
    V, lam, A = ckm_matrix(sm), sm.ckm_lambda, sm.ckm_A
    leading = {(2, 1): A * lam**2, (2, 0): A * lam**3 * (1 - sm.ckm_rhobar - 1j * sm.ckm_etabar)}
    assert abs(leading[2, 1] / abs(V[2, 1]) - 1) > 10 * PRINTED
    for element, value in leading.items():
        assert abs(value / V[element] - 1) > 1e6 * ROUNDING


@pytest.mark.parametrize("argument", LOOP_ARGUMENT)
@pytest.mark.parametrize("prefactor", FCNC_PREFACTOR)
@pytest.mark.parametrize("pair", ["bs", "sd"])
@pytest.mark.parametrize("name", ["B-L", "B3-L2"])
def test_coupling(sm, models, treatments, rates, name, pair, prefactor, argument):
    choice = {"fcnc_prefactor": prefactor, "loop_argument": argument}
    treatment = dataclasses.replace(treatments["matched"], **choice)
    g = jax.jit(lambda g_X: fcnc_coupling(sm, models[name], treatment, *pair, g_X))(2.0)
    expected = complex(*rates["fcnc"]["g_Xij"][name][pair][prefactor][argument])
    np.testing.assert_allclose(g, 2 * expected, ROUNDING)
    np.testing.assert_allclose(
        loop_sum(sm, *pair, argument), complex(*rates["fcnc"]["loop_sum"][pair][argument])
    )
    assert abs(np.conj(g) / (2 * expected) - 1) > 1e-3  # the phase is that of V_ai V*_aj, not its conjugate


def test_other_choices_miss(sm, b_minus_l, treatments):
    def coupling(**choice):
        return fcnc_coupling(
            sm, b_minus_l, dataclasses.replace(treatments["matched"], **choice), "s", "d", 1.0
        )

    for choice in ({"loop_argument": "ratio"}, {"fcnc_prefactor": "figure"}, {"decoupling": "paper_doublet"}):
        assert abs(abs(coupling(**choice) / coupling()) - 1) > 0.1


def test_quoted_couplings(b_minus_l, treatments):  # worked out separately, with OLDER
    older = load_standard_model(OLDER)
    A = DECOUPLING["paper"](b_minus_l)
    bs, sd = (fcnc_coupling(older, b_minus_l, treatments["matched"], *pair, 1.0) / A for pair in ("bs", "sd"))
    np.testing.assert_allclose([abs(bs), abs(sd), abs(sd.imag)], [1.0902e-6, 1.0473e-8, 3.77e-9], FOUR_DIGITS)


@pytest.mark.parametrize(("name", "quoted"), [("bs", 1 / 0.651), ("sd", 1 / 7.40), ("Im sd", 1 / 0.650)])
def test_squared_argument_against_the_printed_ratio(name, quoted):
    older = load_standard_model(OLDER)
    squared, ratio = (loop_sum(older, *name[-2:], argument) for argument in ("squared", "ratio"))
    part = jnp.imag if name.startswith("Im") else jnp.abs
    np.testing.assert_allclose(part(squared) / part(ratio), quoted, FOUR_DIGITS)


def test_prefactors(sm, models, rates):
    """A = 1/4 of the top alone; 1039 between print and loop; without colours the loop is g^4/(32 pi^2)^2."""
    g4 = rates["fcnc"]["g2_squared"] ** 2
    for name, model in models.items():
        A = DECOUPLING["paper"](model)
        np.testing.assert_allclose(A, rates["fcnc"]["A"][name], ROUNDING)
        np.testing.assert_allclose(A, -0.25, ROUNDING)
    np.testing.assert_allclose(DECOUPLING["paper_doublet"](models["B-L"]), -0.5, ROUNDING)
    ratio = FCNC_PREFACTOR["printed"](sm, A) / FCNC_PREFACTOR["matched"](sm, A)
    np.testing.assert_allclose(abs(ratio), 1039, FOUR_DIGITS)
    colourless = abs(FCNC_PREFACTOR["matched"](sm, A / 3))
    np.testing.assert_allclose(colourless, g4 / (32 * np.pi**2) ** 2, ROUNDING)
    assert (
        abs(colourless / FCNC_PREFACTOR["figure"](sm, A) - 1) > 0.9
    )  # the figure's has 1/pi^2, not its square
