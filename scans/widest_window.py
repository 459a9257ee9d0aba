"""Which charges leave the widest window at 0.1-1 GeV: by gradients, and by chance.

X couples to B - x_e L_e - x_mu L_mu - x_tau L_tau with x_e + x_mu + x_tau = 3, which has no anomaly, whatever
x_e and x_mu are.  At one mass the window lies above all couplings that beam dumps and displaced searches of
the previous limits exclude, and below all that prompt, invisible and scattering searches exclude, and the
decays of Z, B and K under the treatment ``matched`` (the paper's premise).  Its width in decades of g_X,
averaged over the masses, is maximised by L-BFGS-B of SciPy from a few random charges, with the derivative
from JAX.  A random search gets as many evaluations.

Run it, in a minute: ``python scans/widest_window.py`` prints the table of scans/README.md.
"""

import dataclasses
import sys
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

import jaxtri
from jaxtri.limits.dark_photon import nodes_of, published_limits
from jaxtri.limits.excluded_couplings import NONE, WIDEST, Ends, excluded_edges
from jaxtri.limits.recast import recast
from jaxtri.limits.recast_tables import recast_tables
from jaxtri.limits.signal import log_ratio, mass_point
from jaxtri.model.fermions import FERMIONS
from jaxtri.numerics.roots import implicit_root
from jaxtri.physics.decays.in_flight import turning_points
from jaxtri.physics.decays.widths import unit_decays
from jaxtri.physics.production.channels import production_vector

MASSES = np.geomspace(0.1, 1.0, 25)  # GeV
BOX = 3.0  # |x_e| and |x_mu| are at most this: B - 3 L_i lie inside
FLOOR = 1e-8  # g_X at which a window begins where no beam dump excludes anything
STARTS = 6
SEED = 1


class Found(NamedTuple):
    """The best charges of a search."""

    how: str
    x_e: float
    x_mu: float
    decades: float
    evaluations: int


def charges_of(x: jax.Array) -> jax.Array:
    """Charges (fermion,) of B - x_e L_e - x_mu L_mu - x_tau L_tau at x = (x_e, x_mu)."""
    x_l = {"e": x[0], "mu": x[1], "tau": 3 - x[0] - x[1]}
    flavours = [name.removeprefix("nu_") for name in FERMIONS]
    return jnp.stack([-x_l[name] if name in x_l else jnp.array(1 / 3) for name in flavours])


def first_edges(sm, model, treatment, searches, m_X):
    """Lowest ln g_X that each search excludes at one mass, (search,); infinite where it excludes nothing."""
    production = production_vector(sm, model, treatment, m_X)
    point = mass_point(sm, searches, m_X, production, unit_decays(sm, model, m_X))

    def edge(one):
        found = excluded_edges(one, turning_points(one.neutrinos), Ends(*jnp.log(jnp.array(WIDEST))))
        first = jnp.where(found.lower[0] == NONE, found.lower[1], found.lower[0])
        exists = first != NONE
        known = jnp.where(exists, found.value[first], 0.0)
        root = implicit_root(lambda u: jnp.where(exists, log_ratio(one, u), u), known)
        return jnp.where(exists, root, jnp.inf)

    return jax.vmap(edge)(point.searches)


def window_of_charges() -> Callable[[jax.Array], jax.Array]:
    """Return the function (x_e, x_mu) -> width of the window in decades of g_X, (mass,); below 0: none."""
    sm, nodes = jaxtri.load_standard_model(), nodes_of(MASSES)
    tables, model = recast_tables(sm, nodes), jaxtri.load_model("b_minus_l").unnamed()
    treatment, searches = jaxtri.load_treatment("matched"), jaxtri.load_searches("corrected").unlabelled()
    kinds = np.array([published_limits()[i].search.kind for i in nodes.position])
    at, dump, displaced = (
        np.searchsorted(MASSES, nodes.m_X),
        kinds == "dump",
        np.flatnonzero(kinds == "displaced"),
    )

    def window(x):
        own = dataclasses.replace(model, charge=charges_of(x))
        known = recast(tables, sm, own)
        top = jax.vmap(lambda m: first_edges(sm, own, treatment, searches, m).min())(jnp.asarray(MASSES))
        top = top.at[at].min(jnp.where(known.exists & ~dump, known.log_low, jnp.inf))
        bottom = jnp.full(len(MASSES), jnp.log(FLOOR))
        bottom = bottom.at[at].max(jnp.where(known.exists & dump, known.log_high, -jnp.inf))
        islands = jnp.where(known.displaced_exists, known.displaced_log_high, -jnp.inf)
        bottom = bottom.at[at[displaced]].max(islands.max(axis=1))
        return (top - bottom) / jnp.log(10.0)

    return window


def mean_window() -> Callable[[jax.Array], tuple[tuple[jax.Array, jax.Array], jax.Array]]:
    """Return x -> ((mean width of the window, width at every mass), derivative of the mean), compiled."""
    window = window_of_charges()

    def mean(x):
        widths = window(x)
        return jnp.mean(widths), widths

    return jax.jit(jax.value_and_grad(mean, has_aux=True))


def by_gradients(function, random) -> Found:
    """Maximise by L-BFGS-B from random charges; each evaluation gives the value and its derivative."""

    def opposite(x):
        (mean, _), slope = function(x)
        return -float(mean), -np.asarray(slope)

    starts = random.uniform(-BOX, BOX, (STARTS, 2))
    kept = {"jac": True, "method": "L-BFGS-B", "bounds": [(-BOX, BOX)] * 2, "options": {"maxfun": 30}}
    runs = [minimize(opposite, start, **kept) for start in starts]
    best = min(runs, key=lambda run: run.fun)
    return Found("L-BFGS-B, gradients", *best.x, -best.fun, sum(run.nfev for run in runs))


def by_chance(function, random, evaluations: int) -> Found:
    """Take the best of so many random charges."""
    tried = random.uniform(-BOX, BOX, (evaluations, 2))
    means = [float(function(x)[0][0]) for x in tried]
    best = int(np.argmax(means))
    return Found("random search", *tried[best], means[best], evaluations)


def searched(function) -> list[Found]:
    """Search both ways with `mean_window`, and say what B - L has."""
    random = np.random.default_rng(SEED)
    best = by_gradients(function, random)
    chance = by_chance(function, random, best.evaluations)
    return [best, chance, Found("B − L", 1.0, 1.0, float(function(np.ones(2))[0][0]), 1)]


def table(rows: list[Found]) -> str:
    """Write the table of scans/README.md."""
    head = "| charges found by | x_e | x_μ | x_τ | window in decades of g_X | evaluations |"
    lines = [head, "|---|---|---|---|---|---|"] + [
        f"| {one.how} | {one.x_e:.2f} | {one.x_mu:.2f} | {3 - one.x_e - one.x_mu:.2f} | {one.decades:.2f} | "
        f"{one.evaluations} |"
        for one in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    sys.stdout.write(table(searched(mean_window())) + "\n")
