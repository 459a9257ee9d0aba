r"""X -> quarks: the strong coupling and perturbative QCD above the exclusive region."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.physics.kinematics import pair_velocity

LOWEST_SCALE = 1.0  # GeV; alpha_s is frozen below
NEWTON_STEPS = 5  # for the two-loop running; the last step changes nothing at 1e-16


def strong_coupling(sm: StandardModel, scale: ArrayLike) -> Array:
    r"""Strong coupling alpha_s in the MS-bar scheme at two loops.

    .. math:: \frac{da}{d\ln\mu^2} = -\beta_0 a^2 - \beta_1 a^3,\qquad a = \alpha_s/\pi

    solved exactly: 1/a + c ln(a / (1 + c a)) is linear in ln mu, c = beta_1 / beta_0.  Flavours change
    from 5 to 4 at m_b and to 3 at m_c, where alpha_s is continuous.

    Parameters
    ----------
    sm
        Measured inputs.
    scale
        Renormalisation scale [GeV]; frozen below 1 GeV.

    Notes
    -----
    Valid for: 1 GeV to 2 m_t (five flavours above m_b throughout).
    Differs from print: not in the paper.
    """
    scale = jnp.maximum(jnp.asarray(scale), LOWEST_SCALE)
    a_Z = sm.alpha_s_mZ / jnp.pi
    a_b = _run(a_Z, sm.m_Z, sm.m_b, 5)
    a_c = _run(a_b, sm.m_b, sm.m_c, 4)
    above, between = scale > sm.m_b, scale > sm.m_c
    a = jnp.where(above, a_Z, jnp.where(between, a_b, a_c))
    start = jnp.where(above, sm.m_Z, jnp.where(between, sm.m_b, sm.m_c))
    flavours = jnp.where(above, 5.0, jnp.where(between, 4.0, 3.0))
    return jnp.pi * _run(a, start, scale, flavours)


def _run(a: Array, start: Array, end: Array, flavours: ArrayLike) -> Array:
    """Run a = alpha_s / pi from one scale to another by Newton's method in y = 1/a: y - c ln(y + c)."""
    beta_0 = (11 - 2 * flavours / 3) / 4
    c = (102 - 38 * flavours / 3) / 16 / beta_0
    goal = 1 / a - c * jnp.log(1 / a + c) + 2 * beta_0 * jnp.log(end / start)
    y = goal + c * jnp.log(1 / a + c)
    for _ in range(NEWTON_STEPS):
        y = y - (y - c * jnp.log(y + c) - goal) * (y + c) / y
    return 1 / y


def quark_ratio(sm: StandardModel, model: GaugeModel, m_X: ArrayLike) -> Array:
    r"""R of X -> quarks with QCD corrections to third order.

    .. math:: R = 3\sum_q x_q^2 \frac{v(3-v^2)}{2}
              [1 + a + (1.9857-0.1152n_f)a^2 + (-6.637-1.200n_f-0.0052n_f^2)a^3]

    with a = alpha_s(m_X)/pi.  Charm opens at twice the D mass, beauty at twice the B mass; the
    velocity v takes the MS-bar quark masses, which follow the data above threshold more closely.

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV].

    Notes
    -----
    Valid for: 1.75 GeV to 2 m_t, outside the narrow charmonium and bottomonium resonances.
    Differs from print: not in the paper.
    """
    m_X = jnp.asarray(m_X)
    h = sm.hadrons
    x = dict(zip(FERMIONS, model.charge, strict=True))
    charm, beauty = m_X > h.open_charm, m_X > h.open_beauty
    flavours = 3.0 + charm + beauty
    a = strong_coupling(sm, m_X) / jnp.pi
    series = 1 + a + (1.9857 - 0.1152 * flavours) * a**2
    series += (-6.637 - 1.200 * flavours - 0.0052 * flavours**2) * a**3
    v_c, v_b = pair_velocity(m_X, sm.m_c), pair_velocity(m_X, sm.m_b)
    light = x["u"] ** 2 + x["d"] ** 2 + x["s"] ** 2
    heavy = charm * x["c"] ** 2 * v_c * (3 - v_c**2) / 2 + beauty * x["b"] ** 2 * v_b * (3 - v_b**2) / 2
    return 3 * (light + heavy) * series
