r"""Production of X by a vector current in searches for a dark photon: how each mechanism scales with charges.

A ratio of two rates of one mechanism at one mass depends on charges alone: on x_e^2 where electrons radiate,
on the overlap of U(3) generators where mesons decay (arXiv:1801.04847),

.. math:: S_{P \to \gamma X} = \Bigl|\sum_V {\rm Tr}(T_P T_\gamma T_V)\, {\rm Tr}(T_V x)\, F_V(m_X)\Bigr|^2,
          \qquad F_V = \frac{M_V^2}{M_V^2 - m_X^2 - i m_X \Gamma_V(m_X)},

with x = diag(x_u, x_d, x_s), T_rho = diag(1,-1,0)/2, T_omega = diag(1,1,0)/2, T_phi = diag(0,0,1)/sqrt(2),
T_pi0 = T_rho, T_eta = diag(1,1,-1)/sqrt(6), T_gamma = diag(2,-1,-1)/3.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.fermions import FERMIONS
from jaxtri.model.standard_model import StandardModel
from jaxtri.physics.decays.hadrons import Spaces, omega_phi_propagators
from jaxtri.physics.decays.three_pions import p_wave_width, propagator

MECHANISMS = (
    "pi0_gamma", "rho", "eta_gamma", "omega_pi0", "omega", "phi", "dd", "uu", "ss", "cc", "bb",
    "ee", "e_brem", "mu_brem", "p_brem", "phi_eta",
)  # fmt: skip
PI0_GAMMA = (1 / 12, 1 / 4, 0.0)  # Tr(T_P T_gamma T_V) for V = rho, omega, phi
ETA_GAMMA = (3 / 6**1.5, 1 / 6**1.5, 2 / 6**1.5 / 2**0.5)


def meson_form_factors(sm: StandardModel, m_X: ArrayLike, spaces: Spaces) -> Array:
    r"""F_V = M_V^2 / (M_V^2 - m_X^2 - i m_X \Gamma_V) of rho, omega and phi, 1 at m_X = 0.

    Parameters
    ----------
    sm
        Measured inputs.
    m_X
        Mass of X [GeV], positive.
    spaces
        `three_pion_spaces` at this mass, on which the widths of omega and phi depend.

    Returns
    -------
    Array
        Complex, (3,).

    Notes
    -----
    Valid for: m_X < 2 GeV.
    Differs from print: the paper has no such production.
    """
    h, m_X = sm.hadrons, jnp.asarray(m_X, dtype=float)
    rho = propagator(h.m_rho, m_X**2, m_X * p_wave_width(h.Gamma_rho, h.m_rho, sm.m_pi_plus, m_X**2))
    real, imaginary = zip(rho, *omega_phi_propagators(sm, spaces, m_X), strict=True)
    M = jnp.stack([h.m_rho, h.m_omega, h.m_phi])
    return M**2 * (jnp.stack(real) + 1j * jnp.stack(imaginary))


def current_strengths(charge: Array, form_factors: Array) -> Array:
    """Rate of every mechanism of `MECHANISMS` up to a factor that does not depend on charges.

    Parameters
    ----------
    charge
        X charges, (fermion,), in the order of `FERMIONS`; those of a dark photon are eQ.
    form_factors
        `meson_form_factors` at this mass.

    Returns
    -------
    Array
        (mechanism,), not negative; the ratio for two sets of charges is the ratio of the rates.

    Notes
    -----
    Valid for: one coupling at one mass; pi0 and eta decays below the masses of pi0 and eta.  Mixing of eta
    with eta' is left out.
    Differs from print: the paper has no such production.
    """
    x = dict(zip(FERMIONS, charge, strict=True))
    mesons = jnp.stack([(x["u"] - x["d"]) / 2, (x["u"] + x["d"]) / 2, x["s"] / 2**0.5])
    proton = 2 * x["u"] + x["d"]
    strengths = {
        "pi0_gamma": _squared(jnp.sum(jnp.array(PI0_GAMMA) * mesons * form_factors)),
        "eta_gamma": _squared(jnp.sum(jnp.array(ETA_GAMMA) * mesons * form_factors)),
        "rho": mesons[0] ** 2, "omega": mesons[1] ** 2, "phi": mesons[2] ** 2,
        "omega_pi0": mesons[0] ** 2,  # the other meson is a rho, whose form factor cancels
        "phi_eta": mesons[2] ** 2,
        "ee": x["e"] ** 2, "e_brem": x["e"] ** 2, "mu_brem": x["mu"] ** 2, "p_brem": proton**2,
    }  # fmt: skip
    strengths |= {2 * quark: x[quark] ** 2 for quark in "dusc"} | {"bb": x["b"] ** 2}
    return jnp.stack([strengths[name] for name in MECHANISMS])


def _squared(amplitude: Array) -> Array:
    return jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2
