"""How both anomalous vertices change with energy as fermions decouple, under either premise."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.fermions import CHARGED, COLOURS, ELECTRIC_CHARGE, FERMIONS, WEAK_ISOSPIN
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.production.z_decays import charged_masses
from jaxtri.physics.triangle.integral import decoupling_factor


class Vertices(NamedTuple):
    """Both sums at every energy, complex."""

    triangle_sum: Array  # of the X gamma Z vertex, in the normalisation of `mass_basis_sum`
    A: Array  # of the XWW vertex, Eq. (2)


class Decoupling(NamedTuple):
    """Both vertices under either premise, and the masses at which fermions decouple."""

    energy: Array  # [GeV]
    paper: Vertices  # Standard Model fermions decouple from the divergence of X's current
    ward: Vertices  # only anomalons do
    thresholds: dict[str, float]  # 2 m [GeV] by name of the particle


def decoupling(sm: StandardModel, model: GaugeModel, energy: ArrayLike) -> Decoupling:
    r"""Return both anomalous vertices at an energy E as sums over the fermions.

    .. math:: \mathcal{A}(E) = \sum_f N_cX_fQ_fT^3_f\,b_f(E),\quad A(E) = \frac14\sum_f N_cX_f\,b_f(E),\quad
              b_f = 1 - 2m_f^2 I_{00}(E^2, 0, 0; m_f)

    The paper's premise gives every Standard Model fermion its bracket b_f; Ward identities give it 1, and
    anomalons of mass M, which cancel the sum, the bracket b_M.

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    energy
        Energies [GeV], (E,).

    Returns
    -------
    Decoupling
        Complex sums, (E,), and thresholds.
    """
    require_x64()
    E = jnp.asarray(energy, dtype=float)
    brackets = jnp.ones((len(FERMIONS), *E.shape), dtype=complex)
    brackets = brackets.at[jnp.array(CHARGED)].set(
        jax.vmap(lambda m: decoupling_factor(E**2, 0.0, 0.0, m))(charged_masses(sm))
    )
    colours, electric, isospin = (jnp.array(one) for one in (COLOURS, ELECTRIC_CHARGE, WEAK_ISOSPIN))
    weights = colours * model.charge * electric * isospin, colours * model.charge / 4
    whole = 1 - _anomalon_bracket(model, E)
    thresholds = dict(zip((FERMIONS[n] for n in CHARGED), (2 * charged_masses(sm)).tolist(), strict=True))
    if model.has_anomalons and bool(jnp.isfinite(model.m_anomalon)):
        thresholds["anomalons"] = 2 * float(model.m_anomalon)
    return Decoupling(
        E,
        Vertices(*(jnp.tensordot(one, brackets, 1) for one in weights)),
        Vertices(*(jnp.sum(one) * whole for one in weights)),
        thresholds,
    )


def _anomalon_bracket(model: GaugeModel, E: Array) -> Array:
    """b_M of the anomalons: 0 where they are infinitely heavy."""
    finite = jnp.isfinite(model.m_anomalon)
    bracket = decoupling_factor(E**2, 0.0, 0.0, jnp.where(finite, model.m_anomalon, 1.0))
    return jnp.where(finite, bracket, 0.0)
