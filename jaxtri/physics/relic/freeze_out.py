r"""Freeze-out: the Boltzmann equation of the number of chi in a comoving volume.

.. math:: \frac{dN}{d\ln a} = -\frac{\langle\sigma v\rangle}{a^3 H}(N^2 - N_{eq}^2),\qquad N = n_\chi a^3,
          \quad n_{eq} = \frac{m^2 T}{\pi^2} K_2(m/T)

A step with its coefficients at the middle is solved exactly, however stiff it is; the results of two step
numbers give the limit of many steps (Richardson).
"""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.cosmology import cosmology
from jaxtri.model.dark_matter import DarkMatter
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.bessel import scaled_bessel_k
from jaxtri.physics.relic.bath import HOT, TEMPERATURES
from jaxtri.physics.relic.thermal_average import (
    Final,
    Scope,
    Thermal,
    finals,
    grouped,
    hadron_table,
    resonant_average,
    thermal_at,
    x_pair_average,
)

STEPS = (80, 160)  # Richardson's two step numbers: 1e-5 in Omega h^2
X_START, X_END = 1.0, 1e7  # m_chi / T; chi is in equilibrium at the start
CENTRE, SPREAD, CROWD = 17.0, 0.5, 16.0  # steps crowd where N leaves N_eq
SMALL = 1e-4  # below, tanh(y) / y is a series: 1e-17
TODAY = 43 / 11  # entropic degrees of freedom today, of which photons have 2


@cache
def step_ends(count: int) -> FloatArray:
    """m_chi / T at the ends and at the middles of steps, alternating: (2 count + 1,), read-only."""
    log_x = np.linspace(np.log(X_START), np.log(X_END), 40_001)
    density = 1 + CROWD / (1 + ((log_x - np.log(CENTRE)) / SPREAD) ** 2) ** 2
    steps = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(log_x))])
    x = np.exp(np.interp(np.linspace(0, steps[-1], 2 * count + 1), steps, log_x))
    x.flags.writeable = False
    return np.asarray(x)


class Course(NamedTuple):
    """Everything at one mass of X that does not depend on its coupling; steps of both step numbers."""

    r: Array  # m_X / m_chi
    width: Array  # of X over m_chi at g_X = 1
    thermal: Thermal  # (step,) at the middle
    log_rate: Array  # (step,) ln of what turns <sigma v> m_chi^2 into a rate a step and an N
    N_eq: Array  # (step,)
    x_pairs: Array  # (step,) <sigma v> m_chi^2 of X X at g_X = 1
    s_channel: Array  # factor of the averages of `resonant_average` at g_X = 1
    N_start: Array


def equilibrium(m: ArrayLike, x: Array, log_a: Array) -> Array:
    """N_eq in units of 1 / a^3 at the start, of two spin states with Boltzmann's statistics."""
    return (
        jnp.asarray(m) ** 3
        / x
        / jnp.pi**2
        * jnp.sqrt(jnp.pi / (2 * x))
        * scaled_bessel_k(2, x)
        * jnp.exp(3 * log_a - x)
    )


def course(
    sm: StandardModel, dark_matter: DarkMatter, m_X: ArrayLike, width: ArrayLike, order: int
) -> Course:
    """Return everything at one mass of X, of this `unit_width`, that does not depend on its coupling."""
    m, m_X = dark_matter.m_chi, jnp.asarray(m_X, dtype=float)
    bath = TEMPERATURES[dark_matter.temperature]
    ends = np.concatenate([step_ends(count)[::2] for count in STEPS])
    x = jnp.asarray(np.concatenate([step_ends(count)[1::2] for count in STEPS]))
    at = jax.vmap(lambda one: bath(sm, m, m_X, m / one))
    log_a, middle = at(jnp.asarray(ends)).log_a, at(x)
    steps = jnp.concatenate([jnp.diff(log_a[: STEPS[0] + 1]), jnp.diff(log_a[STEPS[0] + 1 :])])
    r, thermal = m_X / m, thermal_at(x)
    x_pairs = jax.vmap(lambda one: x_pair_average(r, one, order))(thermal)
    return Course(
        r=r,
        width=jnp.asarray(width) / m,
        thermal=thermal,
        log_rate=jnp.log(steps) - 3 * middle.log_a - jnp.log(middle.H) - 2 * jnp.log(m),
        N_eq=equilibrium(m, x, middle.log_a),
        x_pairs=dark_matter.x_N**4 / (64 * jnp.pi) * x_pairs,
        s_channel=dark_matter.x_N**2 / (12 * jnp.pi),
        N_start=equilibrium(m, jnp.asarray(X_START), log_a[0]),
    )


def unit_averages(along: Course, states: list[Final], log_g: Array, order: int) -> Array:
    """<sigma v> m_chi^2 / g_X^4 at every step."""
    width = along.width * jnp.exp(2 * log_g)

    def total(thermal: Thermal) -> Array:
        parts = [resonant_average(one.ratio, along.r, one.h, width, thermal, order) for one in states]
        return sum(parts[1:], parts[0])

    return along.x_pairs + along.s_channel * jax.vmap(total)(along.thermal)


def log_relics(along: Course, log_rates: Array) -> Array:
    r"""Ln N at the end.

    .. math:: N \to \frac{N + N_{eq}\tanh y}{1 + N k \tanh(y)/y},\qquad y = k N_{eq}

    Parameters
    ----------
    along
        The course at this mass.
    log_rates
        ln k of every step, (step,).

    Notes
    -----
    Valid for: chi in equilibrium at x = 1.
    Differs from print: not in the paper.
    """
    k = jnp.exp(log_rates)
    y = k * along.N_eq
    tanh = jnp.tanh(y)
    kt = k * jnp.where(y < SMALL, 1 - y**2 / 3, tanh / jnp.where(y < SMALL, 1.0, y))

    def step(N: Array, known: tuple[Array, Array]) -> tuple[Array, None]:
        gained, factor = known
        return (N + gained) / (1 + N * factor), None

    logs = []
    for part in (slice(None, STEPS[0]), slice(STEPS[0], None)):
        N, _ = jax.lax.scan(step, along.N_start, ((along.N_eq * tanh)[part], kt[part]))
        logs.append(jnp.log(N))
    return (4 * logs[1] - logs[0]) / 3


def log_density(m: ArrayLike, log_N: Array) -> Array:
    """Omega h^2, logarithm, of N chi and as many antiparticles."""
    entropy = 2 * jnp.pi**2 / 45 * HOT * TODAY / 2
    return jnp.log(cosmology().density_of_yield * 2 * jnp.asarray(m) / entropy) + log_N


def log_omega(along: Course, dark_matter: DarkMatter, log_averages: Array, log_g: Array) -> Array:
    """Ln Omega h^2 at one mass and coupling; ``log_averages`` are those of `unit_averages`."""
    log_N = log_relics(along, log_averages + 4 * log_g + along.log_rate)
    return log_density(dark_matter.m_chi, log_N)


def states_of(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, scope: Scope) -> list[Final]:
    """Final states of a virtual X, grouped."""
    return grouped(finals(sm, model, dark_matter, scope, hadron_table(sm, model, scope)))
