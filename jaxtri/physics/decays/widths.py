r"""Decays of X: partial widths, branching ratios, lifetime.

Every width is Gamma_F = g_X^2 m_X R_F / (12 pi); branching ratios do not depend on g_X.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.constants import HBAR
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.mapping import mass_and_coupling, over, positive
from jaxtri.physics.decays.hadrons import Spaces, hadronic_ratio, hadronic_thresholds
from jaxtri.physics.kinematics import pair_velocity

FINAL_STATES = ("e+ e-", "mu+ mu-", "tau+ tau-", "nu nubar", "hadrons")
HELICITIES = {"chiral": 0.5, "dirac": 1.0, "majorana": 0.5}  # of a neutrino, relative to a Dirac fermion


def decay_ratios(
    sm: StandardModel, model: GaugeModel, m_X: ArrayLike, *, spaces: Spaces | None = None
) -> Array:
    r"""R of every final state, Gamma_F = g_X^2 m_X R_F / (12 pi), in the order of `FINAL_STATES`.

    .. math:: R_{\ell\ell} = X_\ell^2 (1+2r)\sqrt{1-4r},\ r = m_\ell^2/m_X^2;\qquad
              R_{\nu\bar\nu} = \tfrac12 \sum X_\nu^2

    Parameters
    ----------
    sm, model
        Measured inputs and charges, to which kinetic mixing adds.  ``model.neutrinos = "dirac"`` doubles the
        neutrino width, ``"majorana"`` adds right-handed neutrinos of mass m_N = ``model.m_nu_R``, which count
        as invisible: R_N = (X_N^2 / 2) (1 - 4 m_N^2 / m_X^2)^(3/2) for each (an axial current, in
        p wave).
    m_X
        Mass of X [GeV], positive.
    spaces
        Phase space of three pions, where it is known.

    Returns
    -------
    Array
        Shape (final_state,), dimensionless; closed channels are exactly 0.

    Notes
    -----
    Valid for: 0 < m_X < 2 m_t.
    Differs from print: the paper leaves X's decays open.
    """
    m_X, model = jnp.asarray(m_X, dtype=float), mixed(sm, model)
    x = dict(zip(FERMIONS, model.charge, strict=True))
    leptons = [pair_ratio(x[lepton], m, m_X) for lepton, m in lepton_masses(sm).items()]
    return jnp.stack([*leptons, neutrino_ratio(model, m_X), hadronic_ratio(sm, model, m_X, spaces=spaces)])


def lepton_masses(sm: StandardModel) -> dict[str, Array]:
    """Masses of the charged leptons by name [GeV]."""
    return {"e": sm.m_e, "mu": sm.m_mu, "tau": sm.m_tau}


def pair_ratio(x: ArrayLike, m: ArrayLike, E: Array) -> Array:
    """R of a pair of Dirac fermions of vector charge x and mass m, x^2 (1 + 2r) sqrt(1 - 4r), r = m^2/E^2."""
    return jnp.asarray(x) ** 2 * pair_velocity(E, m) * (1 + 2 * (m / E) ** 2)


def neutrino_ratio(model: GaugeModel, E: Array) -> Array:
    """R of neutrinos, with the partners that the model gives them, as in `decay_ratios`; without mixing."""
    x = dict(zip(FERMIONS, model.charge, strict=True))
    total = HELICITIES[model.neutrinos] * (x["nu_e"] ** 2 + x["nu_mu"] ** 2 + x["nu_tau"] ** 2)
    if model.neutrinos == "majorana":
        axial = sum(x_N**2 for x_N in model.right_handed_neutrinos) / 2
        total = total + axial * pair_velocity(E, model.m_nu_R) ** 3
    return jnp.asarray(total)


def decay_thresholds(sm: StandardModel, model: GaugeModel) -> Array:
    """Masses of X [GeV] at which its width is not a smooth function of its mass, not sorted."""
    leptons = 2 * jnp.stack([sm.m_e, sm.m_mu, sm.m_tau])
    partners = [2 * jnp.atleast_1d(model.m_nu_R)] if model.neutrinos == "majorana" else []
    return jnp.concatenate([leptons, *partners, hadronic_thresholds(sm)])


@jax.jit  # an eager call would compile every operation for itself: 6 s the first time instead of 1.5
def unit_decays(
    sm: StandardModel, model: GaugeModel, m_X: ArrayLike, *, spaces: Spaces | None = None
) -> tuple[Array, Array]:
    """Branching ratios of X, (final_state,), and its width at g_X = 1 [GeV]; 0 where X is stable.

    ``spaces`` are `three_pion_spaces` at this mass, where they are known.
    """
    ratios = decay_ratios(sm, model, m_X, spaces=spaces)
    total = jnp.sum(ratios)
    return ratios / jnp.where(total > 0, total, 1.0), jnp.asarray(m_X) * total / (12 * jnp.pi)


@jax.jit
def _decays_over(sm: StandardModel, model: GaugeModel, m_X: ArrayLike) -> tuple[Array, Array]:
    """`unit_decays` at masses of any shape."""
    return over(lambda m: unit_decays(sm, model, m), m_X)


def x_branching_ratios(sm: StandardModel, model: GaugeModel, m_X: ArrayLike) -> Mapping[str, Array]:
    """Branching ratios of X by final state.

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV], positive.

    Returns
    -------
    Mapping
        "e+ e-", "mu+ mu-", "tau+ tau-", "nu nubar", "hadrons", each of the shape of ``m_X``; they add up to
        1 (all 0 where X cannot decay).

    Examples
    --------
    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from jaxtri import load_model, load_standard_model, x_branching_ratios
    >>> b = x_branching_ratios(load_standard_model(), load_model("b_minus_l"), 0.01)
    >>> round(float(b["nu nubar"]), 6)
    0.60001
    """
    values = _decays_over(sm, model.unnamed(), positive("m_X", m_X))[0]
    return {name: values[..., i] for i, name in enumerate(FINAL_STATES)}


def x_width(sm: StandardModel, model: GaugeModel, m_X: ArrayLike, g_X: ArrayLike) -> Array:
    r"""Total width of X [GeV].

    .. math:: \Gamma_X = \frac{g_X^2 m_X}{12\pi} \sum_F R_F

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV], positive.
    g_X
        Gauge coupling; masses and couplings are broadcast.

    Raises
    ------
    InputError
        If a mass is not positive or a coupling negative (NaN inside ``jit``), or shapes cannot be broadcast.

    Notes
    -----
    Valid for: Gamma_X << m_X.
    Differs from print: not in the paper.
    """
    m_X, g_X = mass_and_coupling(m_X, g_X)
    return g_X**2 * _decays_over(sm, model.unnamed(), m_X)[1]


def x_lifetime(sm: StandardModel, model: GaugeModel, m_X: ArrayLike, g_X: ArrayLike) -> Array:
    """Proper lifetime of X [s], hbar / Gamma_X; infinite where X cannot decay.

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV], positive.
    g_X
        Gauge coupling; masses and couplings are broadcast.

    Raises
    ------
    InputError
        If a mass is not positive or a coupling negative (NaN inside ``jit``), or shapes cannot be broadcast.

    Notes
    -----
    Valid for: Gamma_X << m_X.
    Differs from print: not in the paper.
    """
    return lifetime(x_width(sm, model, m_X, g_X))


def lifetime(width: ArrayLike) -> Array:
    """Lifetime hbar / Gamma [s] of a width [GeV]; infinite for 0, NaN for what is no width."""
    width = jnp.asarray(width)
    decays = width > 0
    return jnp.where(decays, HBAR / jnp.where(decays, width, 1.0), jnp.where(width == 0, jnp.inf, jnp.nan))
