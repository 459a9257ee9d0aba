"""Searches as a struct of arrays, and how far a point is from their limits.

A search compares BR(channel) * P(final state) with its limit.  What depends on m_X alone is a `Row`;
a point adds only 2 ln g_X and the probability of decay in flight.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.channels import CHANNEL_NAMES, channel_masses, production_vector
from jaxtri.errors import InputError, unknown_name
from jaxtri.gauge_model import GaugeModel
from jaxtri.numerics.precision import require_x64
from jaxtri.numerics.safe import log_or_minus_inf
from jaxtri.physics.decay_in_flight import REST, log_probability, proper_time
from jaxtri.physics.x_decays import FINAL_STATES, lifetime, unit_decays
from jaxtri.standard_model import StandardModel
from jaxtri.tables import locate, names, read
from jaxtri.tables.schema import Flight, SearchTable
from jaxtri.treatment import Treatment

SETS = {"printed": "central", "corrected": "gauss"}  # search set -> how it reads a measurement
NOT_DECIDING = {"bibtex", "printed", "note", "title", "reference", "locator"}
MOST = 255  # searches: /leading is one byte
GAUSS_95 = 1.645  # one-sided 95 % quantile of the normal distribution
SECONDS_PER_PS = 1e-12
WEIGHTS = {
    "invisible": (0.0, 0.0, 0.0, 1.0, 0.0),
    "e+ e-": (1.0, 0.0, 0.0, 0.0, 0.0),
    "mu+ mu-": (0.0, 1.0, 0.0, 0.0, 0.0),
    "tau+ tau-": (0.0, 0.0, 1.0, 0.0, 0.0),
    "l+ l-": (0.5, 0.5, 0.0, 0.0, 0.0),  # the mean of electrons and muons
    "hadrons": (0.0, 0.0, 0.0, 0.0, 1.0),
}  # of the final states of X in x_decays.FINAL_STATES


@dataclass(frozen=True)
class SearchLabel:
    """What a search is called and where it comes from; nothing is computed from it."""

    name: str
    title: str
    experiment: str
    channel: str
    final_state: str
    kind: str
    limit: float
    confidence: float | None  # None: a measured value used as it stands
    tau_window_s: tuple[float, ...]  # lifetimes that count; empty without a window
    reference: str
    locator: str
    note: str
    bibtex: str
    conditions: str  # everything that decides, as JSON: windows, vetoes, lengths, boosts, values


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SearchSet:
    """Searches over one axis, (search,) unless said otherwise."""

    labels: tuple[SearchLabel, ...] = field(metadata={"static": True})
    set_name: str = field(metadata={"static": True})
    channel: Array  # position in channels.CHANNEL_NAMES
    weight: Array  # (search, final_state) of the final states searched for
    is_invisible: Array  # bool
    limit: Array  # upper limit on BR(channel) * P(final state)
    length_m: Array  # distance that decides; 0 where a proper time decides
    gamma_parent: Array  # Lorentz factor of the parent
    wall_time: Array  # proper time that decides [s], where length_m is 0
    tau_window: Array  # (search, 2) lifetimes that count [s]; (0, inf) without a window
    m_X_window: Array  # (search, 2) [GeV]
    veto: Array  # (search, veto, 2) masses without data [GeV]; (inf, inf) where there are fewer


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SearchRow:
    """What every search needs of one mass; each field is (search,)."""

    log_norm: Array  # ln of BR * B_F / limit at g_X = 1, without decay in flight
    flight: Array  # proper time at the wall over the lifetime, at g_X = 1
    log_above: Array  # ln of lifetime / lower edge of the lifetime window, at g_X = 1
    log_below: Array  # ln of upper edge / lifetime, at g_X = 1
    is_invisible: Array  # whether the search looks for an X that is not seen
    neutrinos: Array  # branching ratio of X to neutrinos
    is_valid: Array  # whether the search has data at this mass


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Row:
    """Everything that a column of the (m_X, g_X) plane shares: functions of m_X alone."""

    mass: Array  # m_X [GeV]
    log_br: Array  # (channel,) ln BR at g_X = 1
    x_br: Array  # (final_state,)
    width: Array  # Gamma_X at g_X = 1 [GeV]
    lifetime: Array  # tau_X at g_X = 1 [s]
    searches: SearchRow


def load_searches(
    set_name: str,
    *,
    measurement: str | None = None,
    only: list[str] | None = None,
    exclude: list[str] | None = None,
    files: list[Path] | None = None,
) -> SearchSet:
    """Return a set of searches.

    Parameters
    ----------
    set_name
        ``"printed"``: the numbers that arXiv:2401.02483 uses, measurements at their central value;
        ``"corrected"``: what the experiments published, measurements as central + 1.645 sigma.
    measurement
        ``"central"`` or ``"gauss"``, to read measurements differently from the set.
    only, exclude
        Names to keep, names to leave out.
    files
        Further searches: TOML files of the same form as the shipped ones.

    Raises
    ------
    InputError
        If a set or a name is unknown, or no search is left.
    """
    require_x64()
    if set_name not in SETS:
        raise unknown_name("searches", "search set", set_name, SETS)
    mode = measurement or SETS[set_name]
    if mode not in SETS.values():
        raise unknown_name("searches", "measurement", mode, SETS.values())
    tables = {name: _table(locate("searches", name)) for name in names("searches")}
    for path in files or []:
        _add_own(tables, path, set_name)
    _require_known(tables, [*(only or []), *(exclude or [])], set_name)
    kept = {
        name: table.in_set(set_name)
        for name, table in tables.items()
        if set_name in table.sets and (only is None or name in only) and name not in (exclude or [])
    }
    if len(kept) > MOST:
        raise InputError(f"searches: {len(kept)}; at most {MOST} in one scan")
    if not kept:
        raise InputError(f'searches: none of the set "{set_name}" is left; give at least one in only')
    order = sorted(kept, key=lambda name: ("ZBK".index(kept[name].channel[0]), name))
    return _search_set(set_name, mode, {name: kept[name] for name in order})


def _add_own(tables: dict[str, SearchTable], path: Path, set_name: str) -> None:
    """Add a user's search; its name must be new, and it must belong to the set."""
    if path.stem in tables:
        raise InputError(f"{path}: there is a search named {path.stem} already; rename the file")
    tables[path.stem] = _table(path)
    if set_name not in tables[path.stem].sets:
        raise InputError(f'{path}: sets = {tables[path.stem].sets}, but the scan uses "{set_name}"; add it')


def _require_known(tables: dict[str, SearchTable], chosen: list[str], set_name: str) -> None:
    """Raise where a name that the user chose is no search, or none of this set."""
    for name in chosen:
        if name not in tables:
            raise unknown_name("searches", "search", name, tables)
        if set_name not in tables[name].sets:
            raise InputError(f'searches: {name} is not in the set "{set_name}"; leave it out, or change set')


def _table(path: Path) -> SearchTable:
    """Read one search; its channel must be one of ours."""
    table = read(path, SearchTable)
    if table.channel not in CHANNEL_NAMES:
        raise unknown_name(f"{path.name}: channel", "channel", table.channel, CHANNEL_NAMES)
    return table


def upper_limit(table: SearchTable, mode: str) -> float:
    """Upper limit of a search: as quoted, or from a measurement (central, or central + 1.645 sigma)."""
    if table.kind == "limit":
        assert table.limit is not None
        return table.limit
    assert table.value is not None
    assert table.stat_up is not None
    sigma = math.hypot(table.stat_up, table.syst or 0.0)
    return table.value + (GAUSS_95 * sigma if mode == "gauss" else 0.0)


def _search_set(set_name: str, mode: str, tables: dict[str, SearchTable]) -> SearchSet:
    """Turn checked tables into arrays."""
    flights = [table.escape or table.prompt for table in tables.values()]
    vetoes = [_vetoes(table) for table in tables.values()]
    depth = max(1, *(len(veto) for veto in vetoes))
    padded = [[*veto, *[(math.inf, math.inf)] * (depth - len(veto))] for veto in vetoes]
    windows = [table.tau_ps or (0.0, math.inf) for table in tables.values()]
    return SearchSet(
        labels=tuple(_label(name, table, mode) for name, table in tables.items()),
        set_name=set_name,
        channel=jnp.array([CHANNEL_NAMES.index(table.channel) for table in tables.values()]),
        weight=jnp.array([WEIGHTS[table.final_state] for table in tables.values()]),
        is_invisible=jnp.array([table.final_state == "invisible" for table in tables.values()]),
        limit=jnp.array([upper_limit(table, mode) for table in tables.values()]),
        length_m=jnp.array([flight.length_m or 0.0 if flight else 0.0 for flight in flights]),
        gamma_parent=jnp.array([_gamma(flight) for flight in flights]),
        wall_time=jnp.array([_wall_time(flight) for flight in flights]),
        tau_window=jnp.array(windows) * SECONDS_PER_PS,
        m_X_window=jnp.array([table.m_X for table in tables.values()]),
        veto=jnp.array(padded),
    )


def _label(name: str, table: SearchTable, mode: str) -> SearchLabel:
    confidence = table.confidence if table.kind == "limit" else (0.95 if mode == "gauss" else None)
    return SearchLabel(
        name, table.title, table.experiment, table.channel, table.final_state, table.kind,
        upper_limit(table, mode), confidence, tuple(tau * SECONDS_PER_PS for tau in table.tau_ps or ()),
        table.reference, table.locator, table.note or "", table.bibtex,
        table.model_dump_json(exclude=NOT_DECIDING, exclude_none=True),
    )  # fmt: skip


def _vetoes(table: SearchTable) -> list[tuple[float, float]]:
    in_q2 = [(math.sqrt(low), math.sqrt(high)) for low, high in table.q2_vetoes or []]
    return [*in_q2, *((low, high) for low, high in table.m_X_vetoes or [])]


def _gamma(flight: Flight | None) -> float:
    """Lorentz factor of the parent, from gamma or from beta gamma."""
    if flight is None or (flight.gamma_parent is None and flight.beta_gamma_parent is None):
        return 1.0
    return flight.gamma_parent or math.hypot(1.0, flight.beta_gamma_parent or 0.0)


def _wall_time(flight: Flight | None) -> float:
    """Proper time that decides [s]; without a flight condition every decay counts."""
    if flight is None:
        return REST
    return (flight.tau_ps or 0.0) * SECONDS_PER_PS


def row(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, searches: SearchSet, m_X: ArrayLike
) -> Row:
    """Everything at one mass that does not depend on g_X."""
    decays = unit_decays(sm, model, m_X)
    return join_row(sm, searches, m_X, production_vector(sm, model, treatment, m_X), decays)


def join_row(
    sm: StandardModel, searches: SearchSet, m_X: ArrayLike, production: Array, decays: tuple[Array, Array]
) -> Row:
    """`row` from production and decay at g_X = 1: the treatment enters only through production."""
    m_X = jnp.asarray(m_X)
    x_br, width = decays
    tau = lifetime(width)
    log_br = log_or_minus_inf(production)
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
    one = SearchRow(
        log_norm=log_br[searches.channel] + log_or_minus_inf(visible) - jnp.log(searches.limit),
        flight=wall / tau,
        log_above=log_low,
        log_below=jnp.where(ends, jnp.log(jnp.where(ends, high, 1.0) / tau), jnp.inf),
        is_invisible=searches.is_invisible,
        neutrinos=neutrinos,
        is_valid=inside & ~vetoed & (m_D + m_X < M),
    )
    return Row(mass=m_X, log_br=log_br, x_br=x_br, width=width, lifetime=tau, searches=one)


def log_signal(search: SearchRow, log_g: ArrayLike) -> Array:
    """Ln r = ln(BR * P / limit) whatever the lifetime and whether or not there are data, elementwise."""
    twice = 2 * jnp.asarray(log_g)
    x = search.flight * jnp.exp(twice)
    return search.log_norm + twice + log_probability(search.is_invisible, search.neutrinos, x)


def log_ratio(search: SearchRow, log_g: ArrayLike) -> Array:
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
