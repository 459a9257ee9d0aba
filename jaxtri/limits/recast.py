r"""Recast of published limits to any charges: what a search of a dark photon says of X.

Three numbers a mass decide, all at unit couplings: the ratio P of production, the ratio of branching ratios
into what the search sees, and the ratio W of widths (the method of arXiv:1801.04847).  `recast` is one pure
function of `recast_tables` and of a model, to be mapped over models and differentiated by charges.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax import Array

from jaxtri.limits.recast_roots import dump_edges, dump_signal, level_intervals, prompt_coupling
from jaxtri.limits.recast_tables import NEUTRINOS, RecastTables, final_ratios
from jaxtri.model.constants import HBAR
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.kernels import kernel
from jaxtri.physics.production.currents import current_strengths


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class RecastEdges:
    """Excluded couplings of X at every node: low < g_X < high where ``exists``; nothing elsewhere."""

    log_low: Array  # (node,)
    log_high: Array  # (node,); infinite: everything above
    exists: Array  # (node,)
    displaced_log_low: Array  # (row, interval) of displaced searches
    displaced_log_high: Array
    displaced_exists: Array
    charge: Array  # (fermion,) that X couples with, kinetic mixing included
    production: Array  # (node,) P: rate at unit coupling over that of the reference
    branching: Array  # (node,) of X, into what the search sees
    width: Array  # (node,) W: width at unit coupling over that of the reference
    signal: "RecastSignal"  # (node,) of searches that are not displaced
    log_level: Array  # (row,) of displaced searches: excluded is ln r(tau) below it
    log_lifetime: Array  # (row,) ln tau of X [s] at unit coupling


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class RecastSignal:
    r"""Signal over limit at any coupling: decays between two proper times t_1 and t_1 + t_2.

    .. math:: F = \ln N + 2u - x_1 + \ln(1 - e^{-x_2}),\qquad
              x_i = t_i\,\Gamma_X/\hbar \propto e^{2u},\quad u = \ln g_X

    Above 0 is excluded, up to the coupling at which the published figure ends.  Where all decays count
    x_1 = 0 and x_2 is infinite.
    """

    log_norm: Array  # ln N; minus infinity where X is not made, or has nothing that is seen
    log_first: Array  # ln x_1 at g_X = 1
    log_further: Array  # ln x_2 at g_X = 1
    log_end: Array  # ln g_X at which the figure ends; infinite if it does not

    def where(self, known: Array) -> "RecastSignal":
        """Return the signal where it is known, elsewhere one that never excludes; no field is NaN there."""
        return RecastSignal(
            log_norm=jnp.where(known, self.log_norm, -jnp.inf),
            log_first=jnp.where(known, self.log_first, -jnp.inf),
            log_further=jnp.where(known, self.log_further, jnp.inf),
            log_end=jnp.where(known, self.log_end, jnp.inf),
        )


def recast(tables: RecastTables, sm: StandardModel, model: GaugeModel) -> RecastEdges:
    r"""Couplings of X that every search excludes, at every node of its limit.

    .. math:: g = \epsilon \sqrt{\frac{B_A}{P B_X}}\ \text{(prompt, invisible)},\qquad
              \tau_X = \tau_A\ \text{and}\ r < \frac{P B_X}{B_A W}\ \text{(displaced)},

    a root where decays count up to a proper time, none or two for beam dumps (`recast_roots`), and
    :math:`g = g_{B-L} (x_e x_\nu)^{-1/2}` for neutrino-electron scattering.

    Parameters
    ----------
    tables
        `recast_tables`.
    sm, model
        Measured inputs and charges; mapped over models with ``jax.vmap``.

    Notes
    -----
    Valid for: couplings at which X is narrow; efficiencies that depend on mass and lifetime alone.
    Differs from print: not in the paper, which takes the grey region from elsewhere.
    """
    model = mixed(sm, model)
    at = tables.at
    R = jax.vmap(lambda m, known: final_ratios(sm, model, m, known))(tables.masses, tables.spaces)[at]
    strength = jax.vmap(lambda F: current_strengths(model.charge, F))(tables.form_factors)[at]
    known = jnp.where(tables.fractions > 0, tables.reference_strength, 1.0)
    production = jnp.sum(tables.fractions * strength / known, axis=1)
    branching = jnp.sum(tables.seen * R, axis=1) / R[:, 4]
    width = R[:, 4] / tables.reference_width
    scattering, alike = _scattering(tables, model)
    production = production.at[tables.scatters].set(scattering)
    branching = branching.at[tables.scatters].set(1.0)
    made = (production > 0) & (branching > 0)
    made = made.at[tables.scatters].set(made[tables.scatters] & alike)
    log_signal = jnp.log(jnp.where(made, production * branching, 1.0)) - tables.log_reference_branching
    log_low, log_high = tables.log_low - log_signal / 2, tables.log_high - log_signal / 2
    signal = RecastSignal(
        log_norm=-2 * log_low,
        log_first=jnp.full_like(log_low, -jnp.inf),
        log_further=jnp.full_like(log_low, jnp.inf),
        log_end=log_high,
    )
    log_low, signal = _with_windows(tables, log_low, log_signal, width, signal)
    log_low, log_high, exists, signal = _with_dumps(
        tables, (log_low, log_high, made), log_signal, jnp.log(width), signal
    )
    exists &= 2 * log_low + jnp.log(R[:, 4] / (12 * jnp.pi)) < 0  # X is narrower than its mass
    rows = tables.displaced
    signal = signal.where(made.at[rows].set(False))  # displaced ones have signals of their own
    level = jnp.where(made[rows], (log_signal - jnp.log(width))[rows], -jnp.inf)
    log_lifetime = jnp.log(HBAR * 12 * jnp.pi / (tables.m_X[rows] * R[rows, 4]))
    displaced = _displaced(tables, log_lifetime, level)
    return RecastEdges(
        log_low=log_low, log_high=log_high, exists=exists.at[rows].set(False),
        displaced_log_low=displaced[0], displaced_log_high=displaced[1], displaced_exists=displaced[2],
        charge=model.charge, production=production, branching=branching, width=width,
        signal=signal, log_level=level, log_lifetime=log_lifetime,
    )  # fmt: skip


def _scattering(tables: RecastTables, model: GaugeModel) -> tuple[Array, Array]:
    """x_e x_nu of neutrino-electron scattering, and whether all flavours of the beam have one charge."""
    x = dict(zip(FERMIONS, model.charge, strict=True))
    flavours = jnp.stack([x[name] for name in NEUTRINOS["solar"]])
    mean = jnp.sum(tables.beam * flavours, axis=1) / jnp.sum(tables.beam, axis=1)
    return x["e"] * mean, jnp.all((tables.beam == 0) | (flavours == mean[:, None]), axis=1)


def _with_windows(
    tables: RecastTables, log_low: Array, log_signal: Array, width: Array, signal: RecastSignal
) -> tuple[Array, RecastSignal]:
    """Lower edges with those of prompt windows: g^2 (1 - e^(-k g^2)) is the same times what is known."""
    i = tables.windows
    log_k_reference = tables.log_window + jnp.log(tables.m_X[i] * tables.reference_width[i] / (12 * jnp.pi))
    log_k = log_k_reference + jnp.log(width[i])
    z = jnp.exp(jnp.minimum(log_k_reference + 2 * tables.log_low[i], 6.0))
    log_C = 2 * tables.log_low[i] + jnp.log(-jnp.expm1(-z)) - log_signal[i]
    signal = replace(
        signal,
        log_norm=signal.log_norm.at[i].set(-log_C),
        log_further=signal.log_further.at[i].set(log_k),
    )
    return log_low.at[i].set((prompt_coupling(log_k + log_C) - log_k) / 2), signal


def _with_dumps(
    tables: RecastTables,
    edges: tuple[Array, Array, Array],
    log_signal: Array,
    log_width: Array,
    signal: RecastSignal,
) -> tuple[Array, Array, Array, RecastSignal]:
    """Edges with those of beam dumps, which have both or none."""
    log_low, log_high, exists = edges
    i, a, log_y = tables.dumps, tables.dump_a, tables.dump_log_y
    goal = dump_signal(log_y, a)[0] + log_width[i] - log_signal[i]
    low, high, found = jax.vmap(dump_edges)(goal, a, tables.dump_peak)
    start = tables.log_low[i] - (log_y + log_width[i]) / 2
    exists = exists.at[i].set(exists[i] & found)
    signal = RecastSignal(
        log_norm=signal.log_norm.at[i].set(-2 * start - goal),
        log_first=signal.log_first.at[i].set(-2 * start),
        log_further=signal.log_further.at[i].set(jnp.log(a) - 2 * start),
        log_end=signal.log_end.at[i].set(jnp.inf),
    )
    return log_low.at[i].set(start + low / 2), log_high.at[i].set(start + high / 2), exists, signal


def _displaced(tables: RecastTables, log_lifetime: Array, log_level: Array) -> tuple[Array, Array, Array]:
    """Couplings at which a displaced search excludes, (row, interval): lifetimes, turned around."""
    tau_low, tau_high, exists = jax.vmap(
        lambda log_r, level: level_intervals(tables.log_tau, log_r, level, tables.most)
    )(tables.log_r, log_level)
    log_unit = log_lifetime[:, None]
    return (log_unit - tau_high) / 2, (log_unit - tau_low) / 2, exists


recast_kernel = kernel()(recast)
