r"""Couplings at which a signal of X equals a published limit: no root, one root, or none or two.

With P the production of X over that of the reference, B branching ratios and W the ratio of widths, all at
unit couplings, a search that counts every decay has g = eps (B_ref / (P B_X))^(1/2).  The others need
`prompt_coupling`, `dump_edges` or `level_intervals`.  No root means that nothing is excluded.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.constants import SPEED_OF_LIGHT
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.roots import bracketed_root, roots_of_all

TIP = 1e-7  # slope of the signal in ln s below which both roots are one: no derivative is given
STEPS = 8  # of Newton in a prompt window: it starts within 0.7 and squares its distance
PS = 1e-12  # s


def _log_decayed(x: ArrayLike) -> Array:
    """Logarithm of 1 - e^-x, x > 0."""
    return jnp.log(-jnp.expm1(-jnp.asarray(x)))


def prompt_coupling(goal: ArrayLike) -> Array:
    r"""Root z of ln z + ln(1 - e^-z) = goal, as u = ln z: the coupling of a search with a prompt window.

    .. math:: g^2 (1 - e^{-k g^2}) = C,\qquad z = k g^2,\ \text{goal} = \ln(k C),\quad k = t_1 \Gamma(1)/\hbar

    The left side rises with a slope in ln z between 1 and 2 and is concave: from below, where
    u = max(goal, goal/2), Newton's method climbs to the one root there always is.

    Parameters
    ----------
    goal
        ln(k C), any finite number.

    Returns
    -------
    Array
        ln z, with first derivatives.
    """
    goal = jnp.asarray(goal)
    u = jax.lax.stop_gradient(jnp.maximum(goal, goal / 2))
    for _ in range(STEPS):
        u = jax.lax.stop_gradient(_newton(_prompt_signal, u, goal))
    return _newton(_prompt_signal, u, goal)


def _prompt_signal(u: Array) -> tuple[Array, Array]:
    """Value of ln z + ln(1 - e^-z) at z = e^u, and its slope in u."""
    z = jnp.exp(jnp.minimum(u, 6.0))  # beyond, e^-z is 0
    return u + _log_decayed(z), 1 + z / jnp.expm1(z)


def _newton(signal: Callable[[Array], tuple[Array, Array]], u: Array, goal: Array) -> Array:
    value, slope = signal(u)
    return u - (value - goal) / slope


def dump_signal(u: Array, a: ArrayLike) -> tuple[Array, Array]:
    r"""Signal of a beam dump and its slope, against u = ln s, s = t_0 / tau.

    .. math:: f(s) = \ln s - s + \ln(1 - e^{-as}),\qquad \frac{df}{d\ln s} = 1 - s + \frac{as}{e^{as} - 1}

    Parameters
    ----------
    u
        ln s: proper time at the end of the shield over the lifetime.
    a
        Length of the decay volume over that of the shield.
    """
    s = jnp.exp(u)
    x = jnp.minimum(a * s, 700.0)
    return u - s + _log_decayed(a * s), 1 - s + x / jnp.expm1(x)


def dump_edges(goal: ArrayLike, a: ArrayLike, peak: ArrayLike) -> tuple[Array, Array, Array]:
    r"""Both roots of f(s) = goal, as ln s: where too few X reach the decay volume, on either side.

    f is concave in ln s with its maximum at s*, so that there are two roots or none.

    Parameters
    ----------
    goal
        f(y) + ln[W B_ref / (P B_X)], with y from `dump_lifetimes`.
    a
        Length of the decay volume over that of the shield.
    peak
        s*, of `dump_peak`.

    Returns
    -------
    tuple
        ln s of the lower edge, of the upper edge, and whether they exist.  First derivatives are those of the
        implicit function; next to the tip, where they diverge, they are 0.
    """
    goal, a, top = jnp.asarray(goal), jnp.asarray(a), jnp.log(peak)
    fixed = jax.lax.stop_gradient(goal)
    exists = dump_signal(top, a)[0] > fixed
    held = jnp.where(exists, fixed, dump_signal(top, a)[0] - 1.0)
    left = jnp.minimum(jnp.maximum(held, (held - jnp.log(a)) / 2) - 1e-9, top)
    right = jnp.log(2 * (3 - held))
    edges = [
        bracketed_root(lambda u: dump_signal(u, a)[0] - held, *ends)[0]
        for ends in ((left, top), (top, right))
    ]
    low, high = (_implicit_step(jax.lax.stop_gradient(u), goal, a) for u in edges)
    return jnp.where(exists, low, 0.0), jnp.where(exists, high, 0.0), exists


def _implicit_step(u: Array, goal: Array, a: Array) -> Array:
    """One step of Newton, which gives a root its derivatives; none next to the tip."""
    value, slope = dump_signal(u, a)
    steep = jnp.abs(slope) > TIP
    return u - jnp.where(steep, (value - goal) / jnp.where(steep, slope, 1.0), 0.0)


def dump_peak(a: FloatArray) -> FloatArray:
    """Roots of s = 1 + a s / (e^(a s) - 1), in (1, 2]: where the signal of a dump is largest."""
    return roots_of_all(lambda s: s - 1 - a * s / np.expm1(np.minimum(a * s, 700.0)), 0 * a + 1, 0 * a + 2)


def dump_lifetimes(ratio: FloatArray, a: FloatArray) -> FloatArray:
    r"""Values of y = t_0 / tau on the lower edge, from equal signals on both edges, of every row of a table.

    .. math:: (R-1) y - \ln R + \ln(1 - e^{-ay}) - \ln(1 - e^{-aRy}) = 0,\qquad R = (eps_{hi}/eps_{lo})^2

    The left side rises from -2 ln R, so that there is one root; it lies in [1, 2] ln R / (R - 1).  Where the
    edges meet, y = s* is at the peak of the signal.
    """
    meets = ratio < 1 + 1e-9
    ratio = np.where(meets, 2.0, ratio)
    log_R = np.log(ratio)

    def difference(y: FloatArray) -> FloatArray:
        near, far = (np.log(-np.expm1(-a * factor * y)) for factor in (1.0, ratio))
        return np.asarray((ratio - 1) * y - log_R + near - far)

    low = log_R / (ratio - 1)
    return np.where(meets, dump_peak(a), roots_of_all(difference, low * (1 - 1e-9), 2 * low * (1 + 1e-9)))


def level_intervals(
    log_tau: ArrayLike, log_r: ArrayLike, log_level: ArrayLike, most: int
) -> tuple[Array, Array, Array]:
    """Lifetimes at which a tabulated ratio is below a level: every interval, up to a number of them.

    Parameters
    ----------
    log_tau
        ln tau of the knots, (T,), ascending.
    log_r
        ln r at the knots, (T,), linear in between; NaN outside the table, where nothing is excluded.
    log_level
        What ln r must be below.
    most
        How many intervals there can be.

    Returns
    -------
    tuple
        Lower and upper ln tau, (most,), and whether each interval exists.
    """
    log_tau, log_r = jnp.asarray(log_tau), jnp.asarray(log_r)
    known = jnp.isfinite(log_r)
    r = jnp.where(known, log_r, 0.0)
    below = known & (r < log_level)
    drop = jnp.where(r[1:] == r[:-1], 1.0, r[:-1] - r[1:])
    where = log_tau[:-1] + jnp.diff(log_tau) * jnp.clip((r[:-1] - log_level) / drop, 0.0, 1.0)
    both = known[1:] & known[:-1]
    begins = jnp.concatenate([below[:1], below[1:] & ~below[:-1]])
    ends = jnp.concatenate([below[:-1] & ~below[1:], below[-1:]])
    start = jnp.where(both, where, log_tau[1:])  # at the edge of the table: its last knot
    stop = jnp.where(both, where, log_tau[:-1])
    start, stop = jnp.concatenate([log_tau[:1], start]), jnp.concatenate([stop, log_tau[-1:]])
    order = [
        jnp.sort(jnp.where(flag, jnp.arange(len(log_tau)), len(log_tau)))[:most] for flag in (begins, ends)
    ]
    exists = order[0] < len(log_tau)
    first, last = (jnp.minimum(index, len(log_tau) - 1) for index in order)
    return jnp.where(exists, start[first], 0.0), jnp.where(exists, stop[last], 0.0), exists


def prompt_time(
    sm: StandardModel, window: str, m_X: FloatArray, length_m: float | None, energy_GeV: float | None
) -> FloatArray:
    r"""Proper time [s] up to which a search counts a decay as prompt; infinite where all count.

    ``kloe_eta``, ``kloe_photon``: a distance L from e+e- -> eta X, or gamma X, at the mass of the phi;
    ``fixed_energy``: from X of one energy E; with :math:`t_1 = L / (\beta\gamma c)`.  ``lhcb``:
    :math:`0.1 + 0.04\,{\rm GeV}/(m_X - 2 m_\mu)` ps (text of arXiv:1603.08926).  ``cms``: all below 45 GeV,
    5 ps up to 130 GeV, then (0.312 m_X/GeV - 36.6) ps.
    """
    m_phi, m_eta = float(sm.hadrons.m_phi), float(sm.hadrons.m_eta)
    if window in ("kloe_eta", "kloe_photon"):
        m_other = m_eta if window == "kloe_eta" else 0.0
        return _flight(length_m, (m_phi**2 + m_X**2 - m_other**2) / (2 * m_phi * m_X))
    if window == "fixed_energy":
        return _flight(length_m, (energy_GeV or 0.0) / m_X)
    if window == "lhcb":
        return PS * (0.1 + 0.04 / np.maximum(m_X - 2 * float(sm.m_mu), 1e-9))
    if window == "cms":
        later = np.where(m_X < 130, 5.0, 0.312 * m_X - 36.6)
        return np.where(m_X < 45, np.inf, PS * later)
    return np.full(len(m_X), np.inf)


def _flight(length_m: float | None, gamma: FloatArray) -> FloatArray:
    """Proper time [s] at a distance, of X with a Lorentz factor; infinite at rest."""
    beta_gamma = np.sqrt(np.maximum(gamma**2 - 1, 0.0))
    with np.errstate(divide="ignore"):
        return np.asarray((length_m or 0.0) / (beta_gamma * SPEED_OF_LIGHT))
