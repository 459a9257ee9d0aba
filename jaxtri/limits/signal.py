"""How far a point is from the limits of searches.

What depends on m_X alone is a `MassPoint`; a point adds only 2 ln g_X and the probability of decay in flight.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.limits.searches import SearchSet
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.safe import log_or_minus_inf
from jaxtri.physics.decays.in_flight import log_probability, proper_time
from jaxtri.physics.decays.widths import FINAL_STATES, lifetime
from jaxtri.physics.production.channels import channel_masses


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SearchAtMass:
    """What every search needs of one mass; each field is (search,)."""

    log_norm: Array  # ln of BR * B_F / limit at g_X = 1, without decay in flight
    flight: Array  # proper time at the wall over the lifetime, at g_X = 1
    log_above: Array  # ln of lifetime / lower edge of the lifetime window, at g_X = 1
    log_below: Array  # ln of upper edge / lifetime, at g_X = 1
    is_invisible: Array  # whether the search looks for an X that is not seen
    neutrinos: Array  # branching ratio of X to neutrinos
    is_valid: Array  # whether the search has data at this mass, and its channel a rate


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class MassPoint:
    """What one mass needs: functions of m_X alone."""

    mass: Array  # m_X [GeV]
    log_br: Array  # (channel,) ln BR at g_X = 1; NaN where the treatment refuses the channel
    x_br: Array  # (final_state,)
    width: Array  # Gamma_X at g_X = 1 [GeV]
    lifetime: Array  # tau_X at g_X = 1 [s]
    searches: SearchAtMass


def mass_point(
    sm: StandardModel, searches: SearchSet, m_X: ArrayLike, production: Array, decays: tuple[Array, Array]
) -> MassPoint:
    """Everything at one mass that does not depend on g_X, from production and decay at g_X = 1."""
    m_X = jnp.asarray(m_X)
    x_br, width = decays
    tau = lifetime(width)
    refused = production < 0
    log_br = jnp.where(refused, jnp.nan, log_or_minus_inf(production))
    visible = jnp.where(searches.is_invisible, 1.0, searches.weight @ x_br)
    M, m_D = (masses[searches.channel] for masses in channel_masses(sm))
    flown = proper_time(searches.length_m, searches.gamma_parent, M, m_D, m_X)
    wall = jnp.where(searches.length_m > 0, flown, searches.wall_time)
    low, high = searches.tau_window.T
    log_low = jnp.where(low > 0, jnp.log(tau / jnp.where(low > 0, low, 1.0)), jnp.inf)
    ends = jnp.isfinite(high)
    vetoed = jnp.any((searches.veto[:, :, 0] < m_X) & (m_X < searches.veto[:, :, 1]), axis=1)
    inside = (searches.m_X_window[:, 0] <= m_X) & (m_X <= searches.m_X_window[:, 1])
    neutrinos = jnp.broadcast_to(x_br[FINAL_STATES.index("nu nubar")], wall.shape)
    one = SearchAtMass(
        log_norm=log_br[searches.channel] + log_or_minus_inf(visible) - jnp.log(searches.limit),
        flight=wall / tau,
        log_above=log_low,
        log_below=jnp.where(ends, jnp.log(jnp.where(ends, high, 1.0) / tau), jnp.inf),
        is_invisible=searches.is_invisible,
        neutrinos=neutrinos,
        is_valid=inside & ~vetoed & (m_D + m_X < M) & ~refused[searches.channel],
    )
    return MassPoint(mass=m_X, log_br=log_br, x_br=x_br, width=width, lifetime=tau, searches=one)


def log_signal(search: SearchAtMass, log_g: ArrayLike) -> Array:
    """Ln r = ln(BR * P / limit) whatever the lifetime and whether or not there are data, elementwise."""
    twice = 2 * jnp.asarray(log_g)
    x = search.flight * jnp.exp(twice)
    return search.log_norm + twice + log_probability(search.is_invisible, search.neutrinos, x)


def log_ratio(search: SearchAtMass, log_g: ArrayLike) -> Array:
    r"""How far a point is from a limit: above 0 is excluded.

    .. math:: \ln r = \ln\frac{\mathrm{BR}\cdot P}{\mathrm{limit}},\qquad
              F = \min\Bigl(\ln r, \ln\frac{\tau}{\tau_1}, \ln\frac{\tau_2}{\tau}\Bigr)

    F is returned: a search that counts only lifetimes from tau_1 to tau_2 excludes where F > 0.

    Parameters
    ----------
    search
        What the search needs of this mass; its dtype decides the precision.
    log_g
        ln g_X.

    Returns
    -------
    Array
        F, elementwise; minus infinity where the search has no data.
    """
    twice = 2 * jnp.asarray(log_g)
    inside = jnp.minimum(search.log_above - twice, search.log_below + twice)
    return jnp.where(search.is_valid, jnp.minimum(log_signal(search, log_g), inside), -jnp.inf)
