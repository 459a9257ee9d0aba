r"""Cross sections of chi chibar -> X -> f fbar and chi chibar -> X X.

Every final state of a virtual X has the R of its decay at m_X = sqrt(s): all charged leptons, neutrinos with
the partners that the model gives them, hadrons, and a right-handed neutrino where dark matter names one.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.dark_matter import DarkMatter
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.physics.decays.widths import FINAL_STATES, decay_ratios, pair_ratio
from jaxtri.physics.kinematics import pair_velocity

LEPTONS = ("e", "mu", "tau")
NARROWEST = 1e-60  # of b = m_X Gamma_X / 4 m_chi^2: a stable X at exactly 2 m_chi
CHANNELS = (*FINAL_STATES, "nu_R nu_R", "X X")


class Pole(NamedTuple):
    """Where the propagator of X has its pole: p = R + i D, both in units of m_chi and not negative."""

    R: Array
    D: Array


def majorana_ratio(dark_matter: DarkMatter, E: ArrayLike) -> Array:
    """R of a pair of right-handed Majorana neutrinos, x^2/2 (1 - 4 m^2 / E^2)^(3/2); 0 without one."""
    if not dark_matter.has_nu_R:
        return jnp.zeros_like(jnp.asarray(E, dtype=float))
    return jnp.asarray(dark_matter.x_nu_R) ** 2 / 2 * pair_velocity(E, dark_matter.m_nu_R) ** 3


def unit_width(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, m_X: ArrayLike) -> Array:
    r"""Width of X at g_X = 1 with its decays to chi chibar [GeV].

    .. math:: \Gamma_X = \frac{g_X^2 m_X}{12\pi}\Bigl[\sum_F R_F + x_N^2 (1 + 2r)\sqrt{1 - 4r} + R_N\Bigr],
              \quad r = m_\chi^2 / m_X^2

    Parameters
    ----------
    sm, model, dark_matter
        Measured inputs, charges, and chi.
    m_X
        Mass of X [GeV], positive.

    Notes
    -----
    Valid for: Gamma_X << m_X < 2 m_t.
    Differs from print: not in the paper.
    """
    m_X, m = jnp.asarray(m_X, dtype=float), dark_matter.m_chi
    chi = pair_ratio(dark_matter.x_N, m, m_X)
    total = jnp.sum(decay_ratios(sm, model, m_X)) + chi + majorana_ratio(dark_matter, m_X)
    return m_X * total / (12 * jnp.pi)


def pole(r: ArrayLike, h: ArrayLike, width: ArrayLike) -> Pole:
    r"""Momentum of the pole of X, without the difference s - m_X^2.

    .. math:: (R + iD)^2 = \frac{m_X^2}{4} - h^2 + \frac{i m_X \Gamma_X}{4},\qquad
              (s - m_X^2)^2 + m_X^2\Gamma_X^2 = 16 [(p - R)^2 + D^2][(p + R)^2 + D^2]

    with s = 4(h^2 + p^2).  On a narrow resonance D is below a spacing of float64 at R: the smaller of both
    comes by division.

    Parameters
    ----------
    r
        m_X / m_chi.
    h
        Mass of the heavier of both pairs, over m_chi.
    width
        Gamma_X / m_chi.

    Notes
    -----
    Valid for: any masses; m_X = 2 m_chi too.
    Differs from print: not in the paper.
    """
    r, h = jnp.asarray(r), jnp.asarray(h)
    e = (r - 2 * h) * (r + 2 * h) / 4
    b = jnp.maximum(r * width / 4, NARROWEST)
    larger = jnp.sqrt((jnp.sqrt(e**2 + b**2) + jnp.abs(e)) / 2)
    smaller = b / (2 * larger)
    return Pole(jnp.where(e > 0, larger, smaller), jnp.where(e > 0, smaller, larger))


def x_pair_kernel(p: Array, p_X: Array, r2: Array) -> Array:
    r"""The bracket I of chi chibar -> X X through the exchange of chi, in units of m_chi.

    .. math:: I = 4(2a\Lambda - 2) + 16(1 + r^2)\Lambda - \frac{4(8 + 8r^2 + 2r^4)}{a^2 - \kappa^2}
              - \frac{16(1 - r^4)\Lambda}{a},\quad \Lambda = \frac{2}{\kappa}{\rm artanh}\frac{\kappa}{a}

    with a = s/2 - r^2 = r^2 + 2 p_X^2, kappa = 2 p p_X and a^2 - kappa^2 = r^4 + 4 p_X^2.

    Parameters
    ----------
    p, p_X
        Momenta of chi and of X in the centre of mass, not both 0.
    r2
        (m_X / m_chi)^2.

    Notes
    -----
    Valid for: both pairs on shell.
    Differs from print: not in the paper.
    """
    a, kappa, gap = r2 + 2 * p_X**2, 2 * p * p_X, r2**2 + 4 * p_X**2
    some = kappa > 0
    kappa = jnp.where(some, kappa, 1.0)
    log = jnp.where(some, jnp.log1p(2 * kappa * (a + kappa) / gap) / kappa, 2 / a)
    return (
        8 * (a * log - 1)
        + 16 * (1 + r2) * log
        - 4 * (8 + 8 * r2 + 2 * r2**2) / gap
        - 16 * (1 - r2**2) * log / a
    )


def cross_sections(
    sm: StandardModel,
    model: GaugeModel,
    dark_matter: DarkMatter,
    m_X: ArrayLike,
    g_X: ArrayLike,
    p: ArrayLike,
) -> Mapping[str, Array]:
    r"""Cross sections of every final state [GeV^-2], averaged over the spins of chi and chibar.

    .. math:: \sigma_F = \frac{x_N^2 g_X^4 R_F(\sqrt s)}{12\pi}
              \frac{s + 2m_\chi^2}{\beta[(s - m_X^2)^2 + m_X^2\Gamma_X^2]},\qquad
              \sigma_{XX} = \frac{(x_N g_X)^4 \beta_X}{64\pi s\beta} I

    Parameters
    ----------
    sm, model, dark_matter
        Measured inputs, charges, and chi.
    m_X, g_X
        Mass of X [GeV] and coupling.
    p
        Momentum of chi in the centre of mass [GeV], positive: s = 4 (m_chi^2 + p^2); one number each.

    Returns
    -------
    Mapping
        By name, in the order of `CHANNELS`; closed channels are exactly 0.

    Notes
    -----
    Valid for: Gamma_X << m_X; a fixed width.
    Differs from print: not in the paper.
    """
    m, m_X, p = (
        dark_matter.m_chi,
        jnp.asarray(m_X, dtype=float),
        jnp.asarray(p, dtype=float) / dark_matter.m_chi,
    )
    r, E = m_X / m, jnp.sqrt(1 + p**2)
    at = pole(r, 1.0, jnp.asarray(g_X) ** 2 * unit_width(sm, model, dark_matter, m_X) / m)
    propagator = 16 * ((p - at.R) ** 2 + at.D**2) * ((p + at.R) ** 2 + at.D**2)
    coupling = dark_matter.x_N * jnp.asarray(g_X) ** 2
    s_channel = coupling**2 / (12 * jnp.pi * m**2) * (4 * E**2 + 2) * E / (p * propagator)
    root_s = 2 * m * E
    known = decay_ratios(sm, model, root_s)
    values = [s_channel * one for one in [*known, majorana_ratio(dark_matter, root_s)]]
    gap = (E - r) * (E + r)
    p_X = jnp.sqrt(jnp.where(gap > 0, gap, 1.0))
    x_pairs = (dark_matter.x_N * coupling) ** 2 * p_X / p * x_pair_kernel(p, p_X, r**2)
    values.append(jnp.where(gap > 0, x_pairs / (256 * jnp.pi * E**2 * m**2), 0.0))
    return dict(zip(CHANNELS, values, strict=True))
