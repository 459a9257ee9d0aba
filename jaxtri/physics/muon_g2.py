"""The magnetic moment that X gives a charged lepton, and the couplings that a measurement prefers."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import unknown_name
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.moments import MomentShift
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.mapping import mass_and_coupling
from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.numerics.safe import sqrt_or_zero

LEPTONS = ("e", "mu", "tau")
END = 34.0  # of ln z/(1 - z): what lies beyond is e^-34 of the integral
ORDER = 400  # no pole is nearer to the axis than pi/2: e^(-400 pi / 34) is left


def moment_integral(r: ArrayLike) -> Array:
    r"""Dimensionless integral of the vertex of a vector boson.

    .. math:: \int_0^1 dz \frac{z^2 (1-z)}{z^2 + (1-z) r}

    Parameters
    ----------
    r
        Squared mass of X over that of the lepton, positive; any shape.

    Returns
    -------
    Array
        1/2 for r -> 0, 1/(3r) for r -> infinity; the shape of r.

    Notes
    -----
    Valid for: 1e-16 < r < 1e26, to 1e-13.  In t = ln z/(1 - z) every pole keeps a distance of pi/2 or more
    from the path, whatever r is: they satisfy y^2 + r y + r = 0, y = e^t.
    Differs from print: the paper has no formula of it.
    """
    x, weight = gauss_legendre(ORDER)
    t = END * (2 * x - 1)
    z, rest = np.asarray(1 / (1 + np.exp(-t))), np.asarray(1 / (1 + np.exp(t)))
    measure = 2 * END * weight * z**3 * rest**2  # dz = z (1 - z) dt
    return (measure / (z**2 + rest * jnp.asarray(r, dtype=float)[..., None])).sum(axis=-1)


def delta_a(
    sm: StandardModel, model: GaugeModel, m_X: ArrayLike, g_X: ArrayLike, *, lepton: str = "mu"
) -> Array:
    r"""Shift of a lepton's anomalous magnetic moment a = (g - 2)/2 by X at one loop.

    .. math:: \Delta a_\ell = \frac{(g_X X_\ell)^2}{4\pi^2}
              \int_0^1 dz \frac{z^2 (1-z)}{z^2 + (1-z)\, m_X^2/m_\ell^2}

    Parameters
    ----------
    sm, model
        Masses and charges, to which kinetic mixing adds; X couples to the vector current.
    m_X
        Mass of X [GeV], positive.
    g_X
        Gauge coupling; broadcast with m_X.
    lepton
        "e", "mu" or "tau".

    Returns
    -------
    Array
        Dimensionless, never negative.

    Raises
    ------
    InputError
        For another lepton, a mass that is not positive or a negative coupling (NaN inside ``jit``), or shapes
        that cannot be broadcast.

    Notes
    -----
    Valid for: perturbative g_X; 1e-13 relative for 1e-8 < m_X/m_l < 1e13.
    Differs from print: the paper has no formula of it.  Source: Leveille, Nucl. Phys. B 137 (1978) 63.
    """
    if lepton not in LEPTONS:
        raise unknown_name("delta_a", "charged lepton", lepton, LEPTONS)
    charge, mass = mixed(sm, model).charge[FERMIONS.index(lepton)], getattr(sm, f"m_{lepton}")
    m_X, g_X = mass_and_coupling(m_X, g_X)
    integral = moment_integral((m_X / mass) ** 2)
    return (g_X * charge) ** 2 / (4 * jnp.pi**2) * integral


def moment_coupling(
    sm: StandardModel, model: GaugeModel, shift: ArrayLike, m_X: ArrayLike, *, lepton: str
) -> Array:
    r"""Coupling at which X shifts a lepton's moment by so much.

    .. math:: g_X = \sqrt{\Delta a / \Delta a_\ell(g_X = 1)}

    Parameters
    ----------
    sm, model, m_X, lepton
        As for `delta_a`.
    shift
        Dimensionless; broadcast with m_X.

    Returns
    -------
    Array
        0 for a shift that is not positive, infinite where the lepton has no charge.

    Notes
    -----
    Valid for: as `delta_a`; exact, since the shift goes like g_X^2.
    Differs from print: the paper has no formula of it.
    """
    unit = delta_a(sm, model, m_X, 1.0, lepton=lepton)
    couples = unit > 0
    return jnp.where(couples, sqrt_or_zero(shift / jnp.where(couples, unit, 1.0)), jnp.inf)


def muon_g2_couplings(
    sm: StandardModel, model: GaugeModel, shift: MomentShift, m_X: ArrayLike, *, sigmas: float = 2.0
) -> tuple[Array, Array]:
    r"""Lowest and highest g_X whose shift of the muon's moment lies within the errors of the measured one.

    .. math:: g_X = \sqrt{(\Delta a \pm n\sigma) / \Delta a_\mu(g_X = 1)}

    Parameters
    ----------
    sm, model
        As for `delta_a`.
    shift
        Measured minus predicted moment, from `load_moment_shift`.
    m_X
        Mass of X [GeV], positive.
    sigmas
        Half the width of the band in standard deviations.

    Returns
    -------
    tuple
        Couplings at the lower and the upper edge, of the shape of m_X.  The lower is 0 where no shift at all
        is allowed: then the data prefer no X, and the upper edge is a limit.  Both are infinite where the
        muon has no charge.

    Notes
    -----
    Valid for: as `delta_a`; exact, since the shift goes like g_X^2.
    Differs from print: the paper shows a band and states neither the data nor its width.
    """
    low, high = (moment_coupling(sm, model, edge, m_X, lepton=shift.lepton) for edge in shift.within(sigmas))
    return low, high
