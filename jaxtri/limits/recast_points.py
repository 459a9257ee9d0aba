"""Recast searches at the masses of a scan: what each needs of one mass, and its signal over its limit."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import unknown_name
from jaxtri.limits.dark_photon import Published, displaced_limit, nodes_at, published_limits
from jaxtri.limits.recast import RecastEdges, RecastSignal
from jaxtri.limits.recast_tables import RecastTables, recast_tables
from jaxtri.limits.search_tables import SearchLabel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.tables.recast_schema import DarkPhotonSearch

GROUP = "p"  # of labels: previous searches; the first letter of their channel
VISIBLE_KINDS = ("prompt", "dump", "displaced")  # decays to what a detector sees
STEP = 1e-6  # between masses that stand in
MADE = {
    "ee": "e+ e- -> gamma X", "e_brem": "bremsstrahlung of electrons", "mu_brem": "bremsstrahlung of muons",
    "p_brem": "bremsstrahlung of protons", "pi0_gamma": "pi0 -> gamma X", "eta_gamma": "eta -> gamma X",
    "phi_eta": "phi -> eta X", "lhcb": "pp collisions", "cms": "pp collisions",
    "faser": "pi0, eta -> gamma X", "nu_e_scattering": "neutrino-electron scattering",
}  # fmt: skip
SEEN = {
    "ee": "e+ e-", "mumu": "mu+ mu-", "ee+mumu": "e+ e-, mu+ mu-", "pipi": "pi+ pi-",
    "mumu+pipi": "mu+ mu-, pi+ pi-", "invisible": "invisible", "none": "none",
}  # fmt: skip


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class RecastAtMass:
    """What recast searches need of one mass; each field begins with (search,), or (displaced,)."""

    signal: RecastSignal  # of searches that are not displaced; their F is minus infinity here
    is_known: Array  # whether the search has data at this mass
    log_low: Array  # (search,) ln g_X between which it excludes
    log_high: Array
    exists: Array  # (search,)
    position: Array  # (displaced,) of displaced searches among all
    log_level: Array  # (displaced,) excluded is ln r(tau) below it
    log_lifetime: Array  # (displaced,) ln tau_X [s] at g_X = 1
    log_tau: Array  # (displaced, T) ln tau [s] of the table
    log_r: Array  # (displaced, T)
    displaced_low: Array  # (displaced, interval)
    displaced_high: Array
    displaced_exists: Array


@cache
def recast_names(choice: str = "all") -> tuple[str, ...]:
    """Names of the searches that can be recast, "all" or the "visible" ones, in the order of their table."""
    return tuple(
        one.search.search for one in published_limits() if choice == "all" or one.search.kind in VISIBLE_KINDS
    )


def chosen_recasts(choice: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of what a scan file chooses: none, "all", "visible", or a list of names.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    if choice is None:
        return ()
    if isinstance(choice, str):
        return recast_names(choice)
    for name in choice:
        if name not in recast_names():
            raise unknown_name("searches.recast", "search", name, recast_names())
    return tuple(name for name in recast_names() if name in choice)


def recast_labels(names: Sequence[str]) -> tuple[SearchLabel, ...]:
    """Labels of recast searches, as those of all others."""
    return tuple(_label(name) for name in names)


@cache
def _label(name: str) -> SearchLabel:
    one = next(one for one in published_limits() if one.search.search == name)
    search = one.search
    deciding = search.model_dump(
        mode="json", exclude={"note", "reference", "locator", "darkcast_id"}, exclude_none=True
    )
    deciding["limit_sha256"] = _digest(one)
    return SearchLabel(
        name=search.search,
        title=f"{search.experiment}, {MADE[search.production]}",
        experiment=search.experiment,
        channel=f"previous: {MADE[search.production]}",
        final_state=SEEN[search.final_state],
        kind=search.kind,
        limit=float(np.min(one.low)),
        confidence=search.confidence,
        tau_window_s=(),
        reference=search.reference,
        locator=search.locator,
        note=search.note or "",
        bibtex=_bibtex(search),
        conditions=json.dumps(deciding),
    )


def _digest(one: Published) -> str:
    """Checksum of the numbers of a limit."""
    numbers = [one.m_X, one.low, one.high, np.array(one.holes)]
    if one.search.kind == "displaced":
        table = displaced_limit(one.search.search)
        numbers += [table.log_r, table.tau_ps]
    return hashlib.sha256(b"".join(np.ascontiguousarray(x).tobytes() for x in numbers)).hexdigest()


def _bibtex(search: DarkPhotonSearch) -> str:
    """What to cite for a search, as far as its table knows: an entry of its own for every reference."""
    entries = []
    for reference in search.reference.split("; "):
        key = re.sub(r"[^A-Za-z0-9.]", "", reference.replace("arXiv:", ""))
        found = re.search(r"arXiv:([\d.]+)|(hep-\w+/\d+)", reference)
        fields = [f'  title = "{{{search.experiment}: {reference}}}"']
        if found:
            number = found.group(1) or found.group(2)
            fields += [f'  eprint = "{number}"', '  archivePrefix = "arXiv"']
        year = re.search(r"\((\d{4})\)", reference)
        fields += [f'  year = "{year.group(1)}"'] if year else []
        name = re.sub(r"[^A-Za-z0-9]", "", search.experiment)
        entries.append("@misc{" + f"{name}:{key},\n" + ",\n".join(fields) + "\n}")
    return "\n\n".join(entries)


def recasts_at(
    names: Sequence[str],
    sm: StandardModel,
    recast_all: Callable[[RecastTables], RecastEdges],
    m_X: FloatArray,
) -> RecastAtMass:
    """Recast searches at given masses.

    Parameters
    ----------
    names
        Of the searches, `chosen_recasts`.
    sm
        Measured inputs.
    recast_all
        Recasts tables to a model, or to models along axes, which come first in what it returns.
    m_X
        Masses [GeV], in any order.

    Returns
    -------
    RecastAtMass
        Every field begins with the axes of charges and (m_X,).
    """
    masses, where = np.unique(m_X, return_inverse=True)
    more = 1 + STEP * np.arange(1, 1 + len(m_X) - len(masses))  # in place of those that are repeated
    masses = np.append(masses, masses[-1] * more)  # so that shapes are those of m_X
    nodes, known = nodes_at(names, masses)
    tables = recast_tables(sm, nodes)
    found = recast_all(tables)
    ahead = found.width.ndim - 1
    return _by_mass(names, tables, found, known, where, ahead)


def _by_mass(
    names: Sequence[str], tables: RecastTables, found: RecastEdges, known: BoolArray, where: Any, ahead: int
) -> RecastAtMass:
    """Order what was found node by node, search after search, by masses."""
    count = known.shape[1]
    kinds = {one.search.search: one.search.kind for one in published_limits()}
    displaced = np.flatnonzero([kinds[name] == "displaced" for name in names])

    def sorted_out(x: Array, searches: int) -> Array:
        x = x.reshape(*x.shape[:ahead], searches, count, *x.shape[ahead + 1 :])
        return jnp.take(jnp.moveaxis(x, ahead, ahead + 1), where, axis=ahead)

    def of_table(x: ArrayLike) -> Array:
        x = jnp.asarray(x)
        return sorted_out(jnp.broadcast_to(x, (*found.width.shape[:ahead], *x.shape)), len(displaced))

    def own(x: Array) -> Array:
        return sorted_out(x, len(names))

    def row(x: Array) -> Array:
        return sorted_out(x, len(displaced))

    has_data = jnp.broadcast_to(jnp.asarray(known).ravel(), found.width.shape)
    rows = known[displaced].ravel()[:, None]
    signal = jax.tree.map(own, found.signal)
    blind = ~own(has_data)
    return RecastAtMass(
        signal=signal.where(~blind),
        is_known=~blind,
        log_low=own(found.log_low),
        log_high=own(found.log_high),
        exists=own(found.exists & has_data),
        position=of_table(np.repeat(displaced, count)),
        log_level=row(jnp.where(rows[:, 0], found.log_level, -jnp.inf)),
        log_lifetime=row(found.log_lifetime),
        log_tau=of_table(np.broadcast_to(tables.log_tau, (len(rows), len(tables.log_tau)))),
        log_r=of_table(tables.log_r),
        displaced_low=row(found.displaced_log_low),
        displaced_high=row(found.displaced_log_high),
        displaced_exists=row(found.displaced_exists & rows),
    )


def recast_intervals(one: RecastAtMass, bottom: ArrayLike, top: ArrayLike) -> tuple[Array, Array]:
    """Lower and upper ln g_X of all that recast searches exclude at one mass, (interval,), between two ends.

    Where there is none, the upper edge is not above the lower one.
    """
    low = jnp.concatenate([one.log_low, one.displaced_low.ravel()])
    high = jnp.concatenate([one.log_high, one.displaced_high.ravel()])
    exists = jnp.concatenate([one.exists, one.displaced_exists.ravel()])
    low, high = jnp.maximum(low, bottom), jnp.minimum(high, top)
    return jnp.where(exists, low, jnp.inf), jnp.where(exists, high, -jnp.inf)


def log_recast_ratio(signal: RecastSignal, log_g: ArrayLike) -> Array:
    """F of a search that is not displaced, elementwise: above 0 is excluded.

    See `RecastSignal`; the lesser of it and of twice the distance to the end of the published figure.
    """
    twice = 2 * jnp.asarray(log_g)
    first = jnp.exp(jnp.minimum(signal.log_first + twice, 80.0))
    further = jnp.exp(jnp.minimum(signal.log_further + twice, 80.0))
    F = signal.log_norm + twice - first + jnp.log(-jnp.expm1(-further))
    return jnp.minimum(F, 2 * signal.log_end - twice)


def log_displaced_ratio(
    log_level: Array, log_lifetime: Array, log_tau: Array, log_r: Array, log_g: ArrayLike
) -> Array:
    """F of a displaced search: ln of its level over r at the lifetime of X; minus infinity off its table."""
    at = log_lifetime - 2 * jnp.asarray(log_g)
    y = jnp.interp(at, log_tau, log_r, left=jnp.nan, right=jnp.nan)
    return jnp.where(jnp.isnan(y), -jnp.inf, log_level - y)
