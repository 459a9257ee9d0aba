r"""Omega h^2 over masses and couplings, and the coupling at which it is that of dark matter.

At every temperature <sigma v> rises with g_X: g^4 / (A + B g^4) on the s channel, since the width goes with
g_X^2, and g^4 for X X.  A larger <sigma v> leaves fewer chi.  So Omega h^2 falls with g_X, and there is one
coupling at most with Omega h^2 = 0.12 at one mass: no further branch exists.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import InputError
from jaxtri.model.cosmology import cosmology
from jaxtri.model.dark_matter import DarkMatter
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.kernels import kernel
from jaxtri.numerics.mapping import positive
from jaxtri.numerics.roots import implicit_root, interpolated_root
from jaxtri.physics.relic.annihilation import CHANNELS, unit_width
from jaxtri.physics.relic.bath import heats_neutrinos, n_eff
from jaxtri.physics.relic.freeze_out import course, log_omega, states_of, unit_averages
from jaxtri.physics.relic.thermal_average import Scope, scope_of, thermal_averages

ORDER = 24  # nodes a panel: 1e-5 of Omega h^2 at worst
BATCH = 32  # masses at a time
LOG_STEP, STENCIL = 0.3, 6  # of the nodes in ln g_X of a plane: 1e-5 of Omega h^2
LOWEST = 1e-13  # coupling
RESOLUTION = 1e-11  # of ln g_X
OUT_OF_EQUILIBRIUM = (
    2.0,
    2.8,
)  # m_X / m_chi between which chi leaves kinetic equilibrium before it freezes out
FREEZE_OUT = 20.0  # m_chi / T at which annihilation is shared out among channels


def kinetic_equilibrium_fails(m_chi: ArrayLike, m_X: ArrayLike) -> Array:
    """Whether chi leaves kinetic equilibrium before it freezes out: 2 < m_X / m_chi < 2.8.

    There the resonance is so effective that the coupling is small, and scattering too rare to keep chi at the
    temperature of the bath; the true coupling is larger, by 1.2 at 2.02 and 10 at 2.4.  Outside, 5 % at most.

    Parameters
    ----------
    m_chi, m_X
        Masses [GeV]; broadcast.
    """
    ratio = jnp.asarray(m_X) / jnp.asarray(m_chi)
    low, high = OUT_OF_EQUILIBRIUM
    return (ratio > low) & (ratio < high)


def _checked(dark_matter: DarkMatter) -> None:
    require_x64()
    x_N = dark_matter.x_N
    if not isinstance(x_N, jax.core.Tracer) and float(x_N) == 0:
        raise InputError(
            "x_N = 0: chi does not couple to X, and no g_X sets its density; give another charge"
        )


def omega_h2(
    sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, m_X: ArrayLike, g_X: ArrayLike
) -> Array:
    r"""Relic density Omega h^2 of chi and chibar together.

    .. math:: \Omega h^2 = 2.744\cdot10^8\,\frac{m_\chi}{\rm GeV}\,2Y_\infty

    from the Boltzmann equation, solved through freeze-out in kinetic equilibrium.

    Parameters
    ----------
    sm, model, dark_matter
        Measured inputs, charges, and chi with the description of its bath.
    m_X
        Mass of X [GeV], positive.
    g_X
        Gauge coupling, positive; masses and couplings are broadcast.  A column of masses and a row of
        couplings is computed fastest.

    Returns
    -------
    Array
        Omega h^2, 1e-4 or better; differentiable in everything.

    Raises
    ------
    InputError
        If a mass or a coupling is not positive, or x_N is 0.

    Notes
    -----
    Valid for: Gamma_X < m_X, and chi in equilibrium at T = m_chi, which is where too small a coupling leaves
    its density; kinetic equilibrium fails for 2 < m_X / m_chi < 2.8, `kinetic_equilibrium_fails`.
    Differs from print: not in the paper.

    Examples
    --------
    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from jaxtri import load_dark_matter, load_model, load_standard_model, omega_h2
    >>> chi = load_dark_matter({"m_chi": 0.005, "x_N": 5, "temperature": "common"})
    >>> omega = omega_h2(load_standard_model(), load_model("b3_minus_l2"), chi, 0.03, 2.6034e-3)
    >>> round(float(omega), 4)
    0.12
    """
    _checked(dark_matter)
    m_X, g_X = positive("m_X", m_X), positive("g_X", g_X)
    scope, known = scope_of(sm, model, dark_matter), mixed(sm, model).unnamed()
    shape = jnp.broadcast_shapes(m_X.shape, g_X.shape)
    if m_X.size * g_X.size == np.prod(shape, dtype=int):  # no axis is of both
        masses, widths = m_X.ravel(), _widths(sm, known, dark_matter, m_X.ravel())
        found = _plane(sm, known, dark_matter, scope, masses, widths, *_nodes(jnp.log(g_X.ravel())))
        return _unravelled(found, m_X.shape, g_X.shape, shape)
    masses, couplings = (jnp.broadcast_to(one, shape).ravel() for one in (m_X, g_X))
    widths = _widths(sm, known, dark_matter, masses)
    return _pairs(sm, known, dark_matter, scope, masses, widths, jnp.log(couplings)).reshape(shape)


def _unravelled(found: Array, of_m: tuple[int, ...], of_g: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Values over (m_X, g_X) in the shape of both together."""
    padded_m = (1,) * (len(shape) - len(of_m)) + of_m
    padded_g = (1,) * (len(shape) - len(of_g)) + of_g
    axes = [axis for i in range(len(shape)) for axis in (i, len(shape) + i)]
    return found.reshape(*padded_m, *padded_g).transpose(axes).reshape(shape)


@kernel()
def _widths(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, m_X: Array) -> Array:
    """`unit_width` at many masses."""
    return jax.vmap(lambda one: unit_width(sm, model, dark_matter, one))(m_X)


def _nodes(log_g: Array) -> tuple[Array, Array, Array | None]:
    """Couplings, those to compute averages at, and the matrix that interpolates between these, if any does.

    ln(<sigma v> / g_X^4) is smooth on a scale of ln g_X of 1: six neighbours at a distance of 0.3 give it.
    A few couplings, and those that are not known yet (traced), are computed themselves.
    """
    if isinstance(log_g, jax.core.Tracer):
        return log_g, log_g, None
    values = np.asarray(log_g)
    count = STENCIL + math.ceil(np.ptp(values) / LOG_STEP) if len(values) else 0
    if len(values) <= count:
        return log_g, log_g, None
    nodes = values.min() + LOG_STEP * (np.arange(count) - (STENCIL - 1) / 2)
    first = np.clip((values - nodes[0]) // LOG_STEP - STENCIL // 2 + 1, 0, count - STENCIL).astype(int)
    near = first[:, None] + np.arange(STENCIL)
    at = nodes[near]
    matrix = np.zeros((len(values), count))
    for k in range(STENCIL):
        others = np.delete(at, k, axis=1)
        weight = np.prod((values[:, None] - others) / (at[:, k : k + 1] - others), axis=1)
        matrix[np.arange(len(values)), near[:, k]] = weight
    return log_g, jnp.asarray(nodes), jnp.asarray(matrix)


@kernel()
def _plane(
    sm: StandardModel,
    model: GaugeModel,
    dark_matter: DarkMatter,
    scope: Scope,
    m_X: Array,
    widths: Array,
    log_g: Array,
    nodes: Array,
    matrix: Array | None,
) -> Array:
    """Omega h^2 over every mass and every coupling."""
    states = states_of(sm, model, dark_matter, scope)

    def row(known: tuple[Array, Array]) -> Array:
        along = course(sm, dark_matter, *known)
        logs = jax.vmap(lambda one: jnp.log(unit_averages(along, states, one, ORDER)))(nodes)
        logs = logs if matrix is None else matrix @ logs
        return jax.vmap(lambda log, g: log_omega(along, dark_matter, log, g))(logs, log_g)

    return jnp.exp(jax.lax.map(row, (m_X, widths)))


@kernel()
def _pairs(
    sm: StandardModel,
    model: GaugeModel,
    dark_matter: DarkMatter,
    scope: Scope,
    m_X: Array,
    widths: Array,
    log_g: Array,
) -> Array:
    """Omega h^2 of pairs of a mass and a coupling."""
    states = states_of(sm, model, dark_matter, scope)

    def one(known: tuple[Array, Array, Array]) -> Array:
        along = course(sm, dark_matter, *known[:2])
        logs = jnp.log(unit_averages(along, states, known[2], ORDER))
        return log_omega(along, dark_matter, logs, known[2])

    return jnp.exp(jax.lax.map(one, (m_X, widths, log_g), batch_size=BATCH))


def relic_couplings(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, m_X: ArrayLike) -> Array:
    r"""Coupling at which Omega h^2 is that of dark matter, differentiable in everything.

    .. math:: \Omega h^2(g_X; m_X, p) = 0.12,\qquad
              \frac{dg_X}{dp} = -\frac{\partial_p\Omega}{\partial_{g_X}\Omega}

    Parameters
    ----------
    sm, model, dark_matter
        The records; ``jax.grad`` works with respect to all of their numbers.
    m_X
        Mass of X [GeV], of any shape.

    Returns
    -------
    Array
        The one coupling at each mass, from 1e-13 to where X is as wide as its mass, to 1e-5; NaN where there
        is none.  Omega h^2 falls with g_X, so that a second one does not exist.

    Raises
    ------
    InputError
        If a mass is not positive, or x_N is 0.

    Notes
    -----
    Valid for: kinetic equilibrium, which fails for 2 < m_X / m_chi < 2.8 (`kinetic_equilibrium_fails`).
    Differs from print: not in the paper.
    """
    _checked(dark_matter)
    masses = positive("m_X", m_X)
    scope, known = scope_of(sm, model, dark_matter), mixed(sm, model).unnamed()
    widths = _widths(sm, known, dark_matter, masses.ravel())
    return _couplings(sm, known, dark_matter, scope, masses.ravel(), widths).reshape(masses.shape)


@kernel()
def _couplings(
    sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, scope: Scope, m_X: Array, widths: Array
) -> Array:
    """The coupling at each of many masses."""
    states = states_of(sm, model, dark_matter, scope)
    target = jnp.log(cosmology().relic_density)

    def coupling(known: tuple[Array, Array]) -> Array:
        along = course(sm, dark_matter, *known)

        def missing(log_g: Array) -> Array:
            logs = jnp.log(unit_averages(along, states, log_g, ORDER))
            return log_omega(along, dark_matter, logs, log_g) - target

        wide = -jnp.log(along.width / along.r) / 2
        root, found = interpolated_root(missing, jnp.log(LOWEST), wide, RESOLUTION)
        return jnp.where(found, jnp.exp(implicit_root(missing, root)), jnp.nan)

    return jax.lax.map(coupling, (m_X, widths), batch_size=BATCH)


@dataclass(frozen=True, kw_only=True)
class RelicPoint:
    """One line of Omega h^2 at one mass of X."""

    m_chi: float  # [GeV]
    x_N: float
    temperature: str
    g_X: list[float]  # couplings on the line: one, or none
    omega_h2: list[float]  # there
    channels: list[Mapping[str, float]]  # there: shares of <sigma v> at T = m_chi / 20
    kinetic_equilibrium_assumed: bool  # where it fails
    n_eff: float | None  # with chi and X in the bath of neutrinos; None where they couple to electrons too
    n_eff_chi: float | None  # with chi alone


def relic_point(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, m_X: float) -> RelicPoint:
    """Return one line at one mass: its coupling, Omega h^2 there, and what chi annihilates into.

    Parameters
    ----------
    sm, model, dark_matter
        Measured inputs, charges, and chi.
    m_X
        Mass of X [GeV].

    Raises
    ------
    InputError
        If the mass is not between 0 and 2 m_t.
    """
    if not (math.isfinite(m_X) and 0 < m_X < 2 * float(sm.m_t)):
        raise InputError(f"m_X = {m_X:g}: give a mass between 0 and 2 m_t = {2 * float(sm.m_t):.4g} GeV")
    root = float(relic_couplings(sm, model, dark_matter, m_X))
    g_X = [root] if np.isfinite(root) else []
    scope, known = scope_of(sm, model, dark_matter), mixed(sm, model).unnamed()
    heats = heats_neutrinos(sm, model)
    width = _widths(sm, known, dark_matter, jnp.asarray([m_X], dtype=float))[0]
    averages = [_averages(sm, known, dark_matter, scope, m_X, width, one) for one in g_X]
    totals = [sum(map(float, one.values())) for one in averages]
    return RelicPoint(
        m_chi=float(dark_matter.m_chi),
        x_N=float(dark_matter.x_N),
        temperature=dark_matter.temperature,
        g_X=g_X,
        omega_h2=[float(omega_h2(sm, model, dark_matter, m_X, g)) for g in g_X],
        channels=[
            {name: float(one[name]) / total for name in CHANNELS}
            for one, total in zip(averages, totals, strict=True)
        ],
        kinetic_equilibrium_assumed=bool(kinetic_equilibrium_fails(dark_matter.m_chi, m_X)),
        n_eff=float(n_eff(sm, dark_matter.m_chi, m_X)) if heats else None,
        n_eff_chi=float(n_eff(sm, dark_matter.m_chi)) if heats else None,
    )


@kernel()
def _averages(
    sm: StandardModel,
    model: GaugeModel,
    dark_matter: DarkMatter,
    scope: Scope,
    m_X: ArrayLike,
    width: ArrayLike,
    g_X: ArrayLike,
) -> Mapping[str, Array]:
    return thermal_averages(sm, model, dark_matter, m_X, g_X, FREEZE_OUT, width=width, scope=scope)
