r"""Eqs. (4), (5): Z -> X gamma through the anomalous triangle, and what Ward identities make of it."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.anomalies import ZERO
from jaxtri.model.fermions import CHARGED, COLOURS, ELECTRIC_CHARGE, WEAK_ISOSPIN
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.safe import zero_below
from jaxtri.physics.triangle.conserved_current import conserved_current_integral
from jaxtri.physics.triangle.integral import decoupling_factor

TEV = 1000.0  # GeV
WEIGHTS = tuple(COLOURS[f] * ELECTRIC_CHARGE[f] * WEAK_ISOSPIN[f] for f in CHARGED)  # N_c Q T3


def charged_masses(sm: StandardModel) -> Array:
    """Masses of the nine charged fermions [GeV], in the order of fermions.CHARGED."""
    return jnp.stack([sm.m_e, sm.m_mu, sm.m_tau, sm.m_u, sm.m_d, sm.m_s, sm.m_c, sm.m_b, sm.m_t])


def decoupling_factors(sm: StandardModel, m_X: ArrayLike) -> Array:
    """Brackets 1 - 2 m_f^2 I00(m_Z^2, 0, m_X^2, m_f) of the nine charged fermions, complex, (9,)."""
    return jax.vmap(lambda m: decoupling_factor(sm.m_Z**2, 0.0, jnp.asarray(m_X) ** 2, m))(charged_masses(sm))


def mass_basis_sum(sm: StandardModel, model: GaugeModel, m_X: ArrayLike) -> Array:
    r"""Return the triangle sum of Z -> X gamma in the mass basis, from Eqs. (1) and (2).

    .. math:: \mathcal{A} = \sum_f N_c X_f Q_f T^3_f\,[1 - 2m_f^2 I_{00}(m_Z^2, 0, m_X^2, m_f)]

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV].

    Returns
    -------
    Array
        Complex, dimensionless; -1/3 for B - L with the top decoupled and the rest massless.

    Notes
    -----
    Valid for: 0 <= m_X < m_Z.
    Differs from print: Eq. (4) has no 1/4 on its Y^2 terms and no mixed W3-B term, and uses the trace
    of a whole doublet for one member; this is (1) and (2) rotated to the mass basis, colours counted.
    """
    return jnp.sum(_weights(model) * decoupling_factors(sm, m_X))


def _weights(model: GaugeModel) -> Array:
    """N_c X Q T3 of the nine charged fermions."""
    return jnp.array(WEIGHTS) * model.charge[jnp.array(CHARGED)]


def ward_sum(sm: StandardModel, model: GaugeModel, m_X: ArrayLike, *, emission: bool = True) -> Array:
    r"""Return the amplitude of Z -> X gamma that Ward identities require, as a triangle sum.

    .. math:: \mathcal{A} = \sum_f w_f\,[1 + 2m_X^2 J(m_Z^2, m_X^2; m_f)] - 2m_Z^2\, w_a J(m_X^2, m_Z^2; M),
              \qquad w_f = N_c X_f Q_f T^3_f,\quad w_a = -\sum_f w_f

    A vector-like current is conserved whatever the masses: every Standard Model fermion enters with its
    whole anomaly, which anomalons of mass M cancel.  J is `conserved_current_integral`.

    Parameters
    ----------
    sm, model
        Measured inputs, charges and the mass of the anomalons.
    m_X
        Mass of X [GeV].
    emission
        Whether Standard Model fermions emit X besides through their conserved currents.

    Returns
    -------
    Array
        Complex, dimensionless; 0 as m_X -> 0 for B - L, 3/2 for U(1)_B with heavy anomalons.

    Notes
    -----
    Valid for: 0 <= m_X < m_Z, charges that agree within each doublet.  Below about 1 GeV light quarks are no
    partons: what is left for B - L is uncertain by a factor of 3 to 7 in the rate there.
    Differs from print: the paper's bracket 1 - 2 m^2 I00 is the divergence of the axial leg, not of X's.
    """
    v = jnp.asarray(m_X) ** 2
    anomaly = _anomaly(model)
    heavy = conserved_current_integral(v, sm.m_Z**2, model.m_anomalon)
    total = anomaly + 2 * sm.m_Z**2 * anomaly * heavy
    if not emission:
        return total
    emitted = jax.vmap(lambda m: conserved_current_integral(sm.m_Z**2, v, m))(charged_masses(sm))
    return total + 2 * v * jnp.sum(_weights(model) * emitted)


def _anomaly(model: GaugeModel) -> Array:
    """Sum of w_f, exactly 0 where it cancels; its derivatives by the charges are kept."""
    return zero_below(jnp.sum(_weights(model)), ZERO)


def eq4_sum(sm: StandardModel, model: GaugeModel, m_X: ArrayLike) -> Array:
    r"""Return the triangle sum of Eq. (4) as printed, in the normalisation of `mass_basis_sum`.

    .. math:: \mathcal{A}_4 = 4 \sum_f N_c X_f (1-2m_f^2 I_{00})
              \{s_W^2 Y_R^2 - (s_W^2 Y_L^2 - \tfrac18 c_W^2)\},\quad Y_R = Q,\ Y_L = Q - T^3

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV].

    Returns
    -------
    Array
        Complex, dimensionless.

    Notes
    -----
    Valid for: reproducing the print; it gives a neutrino a Z-gamma vertex.
    Differs from print: the sum over f counts colours, without which the massless sum does not vanish
    for B - L as the text says it does.
    """
    electric, isospin = jnp.array(ELECTRIC_CHARGE), jnp.array(WEAK_ISOSPIN)
    braces = sm.sw2 * electric**2 - (sm.sw2 * (electric - isospin) ** 2 - (1 - sm.sw2) / 8)
    factors = jnp.ones(len(COLOURS), dtype=complex).at[jnp.array(CHARGED)].set(decoupling_factors(sm, m_X))
    return 4 * jnp.sum(jnp.array(COLOURS) * model.charge * factors * braces)


def width_from_sum(sm: StandardModel, amplitude: ArrayLike, m_X: ArrayLike, g_X: ArrayLike) -> Array:
    r"""Width of Z -> X gamma for a given triangle sum.

    .. math:: \Gamma = \frac{c^2 m_Z^3}{24\pi}\Bigl(1-\frac{m_X^2}{m_Z^2}\Bigr)^3,\qquad
              c = \frac{e^2|\mathcal{A}|}{8\pi^2 s_W c_W f_X},\quad f_X = m_X/g_X

    Parameters
    ----------
    sm
        Measured inputs; e^2 = 4 pi alpha(m_Z), s_W and c_W in the MS-bar scheme.
    amplitude
        Triangle sum, complex.
    m_X
        Mass of X [GeV], positive.
    g_X
        Gauge coupling.

    Returns
    -------
    Array
        Width [GeV]; exactly 0 for m_X >= m_Z.

    Notes
    -----
    Valid for: m_X << m_Z in the longitudinal approximation; the phase space is exact.
    Differs from print: Eq. (5) gives the same shape with a rounded number in front.
    """
    f_X = m_X / jnp.asarray(g_X)
    e2 = 4 * jnp.pi * sm.alpha_mZ
    norm = e2 / (8 * jnp.pi**2 * jnp.sqrt(sm.sw2 * (1 - sm.sw2)) * f_X)
    squared = jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2
    return norm**2 * squared * sm.m_Z**3 / (24 * jnp.pi) * _phase_space(sm, m_X)


def _phase_space(sm: StandardModel, m_X: ArrayLike) -> Array:
    """(1 - m_X^2 / m_Z^2)^3, exactly 0 at and beyond threshold."""
    return jnp.maximum(1 - (jnp.asarray(m_X) / sm.m_Z) ** 2, 0.0) ** 3


def _eq5(sm: StandardModel, model: GaugeModel, triangle: Array, m_X: ArrayLike, g_X: ArrayLike) -> Array:
    r"""Width of Z -> X gamma from Eq. (5).

    .. math:: \mathrm{BR} = 4\times10^{-10}\,[1-(m_X/m_Z)^2]^3\,(\mathrm{TeV}/f_X)^2

    Notes
    -----
    Valid for: B - L with the top decoupled and every other fermion massless.
    Differs from print: nothing; N_c = 3 is missing in the number (4.33e-10 without, 3.90e-9 with it).
    """
    return 4e-10 * _phase_space(sm, m_X) * (TEV * g_X / m_X) ** 2 * sm.Gamma_Z


def _eq4(sm: StandardModel, model: GaugeModel, triangle: Array, m_X: ArrayLike, g_X: ArrayLike) -> Array:
    """Width of Z -> X gamma from Eq. (4).  Differs from print: nothing but what `eq4_sum` states."""
    return width_from_sum(sm, eq4_sum(sm, model, m_X), m_X, g_X)


def _mass_basis(
    sm: StandardModel, model: GaugeModel, triangle: Array, m_X: ArrayLike, g_X: ArrayLike
) -> Array:
    """Width of Z -> X gamma from Eqs. (1), (2).  Differs from print: `mass_basis_sum` says how."""
    return width_from_sum(sm, triangle, m_X, g_X)


def _ward(sm: StandardModel, triangle: Array, m_X: ArrayLike, g_X: ArrayLike) -> Array:
    r"""Width of Z -> X gamma from `ward_sum`, longitudinal and transverse X.

    .. math:: \Gamma = \frac{k^3(m_X^2+m_Z^2)}{12\pi m_Z^2m_X^2}
              \Bigl|\frac{g_X e^2\mathcal{A}}{4\pi^2 s_Wc_W}\Bigr|^2,\quad k = \frac{m_Z^2-m_X^2}{2m_Z}

    Notes
    -----
    Valid for: 0 < m_X < m_Z.
    Differs from print: `width_from_sum` times 1 + m_X^2 / m_Z^2, with another sum.
    """
    return width_from_sum(sm, triangle, m_X, g_X) * (1 + (jnp.asarray(m_X) / sm.m_Z) ** 2)


TriangleSum = Callable[[StandardModel, GaugeModel, ArrayLike], Array]
TRIANGLE_SUMS: Mapping[str, TriangleSum] = MappingProxyType(  # by what a treatment supposes of decoupling
    {"paper": mass_basis_sum, "ward": functools.partial(ward_sum, emission=False), "ward_emitted": ward_sum}
)


def triangle_of(treatment: Treatment) -> str:
    """Name, in `TRIANGLE_SUMS`, of the triangle sum that a treatment's premise gives."""
    if treatment.decoupling != "ward":
        return "paper"
    return "ward_emitted" if treatment.emission == "one_loop" else "ward"


def triangle_sum(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: ArrayLike) -> Array:
    """Return the triangle sum that a treatment's premise gives: `ward_sum`, or else `mass_basis_sum`."""
    return TRIANGLE_SUMS[triangle_of(treatment)](sm, model, m_X)


Z_TO_GAMMA = MappingProxyType({"eq5": _eq5, "eq4": _eq4, "mass_basis": _mass_basis})  # Eqs. (4), (5)


def z_to_gamma_width(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    m_X: ArrayLike,
    g_X: ArrayLike,
    *,
    triangle: Array | None = None,
) -> Array:
    """Width of Z -> X gamma [GeV] in the form that the treatment chooses, Eqs. (4), (5).

    A `triangle_sum` that is known is not computed again.
    """
    if triangle is None:
        triangle = triangle_sum(sm, model, treatment, m_X)
    if treatment.decoupling == "ward":
        return _ward(sm, triangle, m_X, g_X)
    return Z_TO_GAMMA[treatment.z_to_gamma](sm, model, triangle, m_X, g_X)
