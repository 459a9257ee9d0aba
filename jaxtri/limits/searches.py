"""Searches, and as a struct of arrays what each compares: BR(channel) * P(final state) with its limit."""

import functools
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array

from jaxtri.limits.curve_arrays import curve_arrays
from jaxtri.limits.limit_curves import LimitCurve
from jaxtri.limits.search_tables import SECONDS_PER_PS, SearchLabel, chosen_tables, curves_of, label_of
from jaxtri.limits.statistics import conversion_of, upper_limit
from jaxtri.numerics.interpolation import Tables
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.threads import padded as lengthened
from jaxtri.physics.decays.in_flight import REST
from jaxtri.tables.schema import CHANNEL_NAMES, Flight, SearchTable

ROOM, VETOES = 32, 8  # searches, and vetoes of each: what is compiled has room for multiples of these
WEIGHTS = {
    "invisible": (0.0, 0.0, 0.0, 1.0, 0.0),
    "e+ e-": (1.0, 0.0, 0.0, 0.0, 0.0),
    "mu+ mu-": (0.0, 1.0, 0.0, 0.0, 0.0),
    "tau+ tau-": (0.0, 0.0, 1.0, 0.0, 0.0),
    "l+ l-": (0.5, 0.5, 0.0, 0.0, 0.0),  # the mean of electrons and muons
    "hadrons": (0.0, 0.0, 0.0, 0.0, 1.0),
}  # of the final states of X in widths.FINAL_STATES


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SearchSet:
    """Searches over one axis, (search,) unless said otherwise."""

    labels: tuple[SearchLabel, ...] = field(metadata={"static": True})
    set_name: str = field(metadata={"static": True})
    channel: Array  # position in channels.CHANNEL_NAMES
    weight: Array  # (search, final_state) of the final states searched for
    is_invisible: Array  # bool
    limit: Array  # upper limit on BR(channel) * P(final state); of a curve what multiplies it
    length_m: Array  # distance that decides; 0 where a proper time decides
    gamma_parent: Array  # Lorentz factor of the parent
    wall_time: Array  # proper time that decides [s], where length_m is 0
    tau_window: Array  # (search, 2) lifetimes that count [s]; (0, inf) without a window
    m_X_window: Array  # (search, 2) [GeV]
    veto: Array  # (search, veto, 2) masses without data [GeV]; (inf, inf) where there are fewer
    curves: Tables | None = None  # ln of what multiplies limit at a mass, or a mass and lifetime [ps]
    is_timed: Array | None = None  # whether the curve is one of mass and lifetime: no flight besides

    def unlabelled(self) -> "SearchSet":
        """The arrays alone: what is compiled for them serves every set of as many searches."""
        return replace(self, labels=(), set_name="")

    @functools.cached_property
    def padded(self) -> "SearchSet":
        """The arrays alone, of `ROOM` searches or a multiple, the last ones without data at any mass.

        What is compiled for them serves a set with more or fewer searches, too; with limit curves one whose
        largest table has as many masses and lifetimes.  On the host.
        """
        count, depth = self.veto.shape[:2]
        arrays = jax.tree.map(lambda x: lengthened(x, with_room(count)), self.unlabelled())
        arrays.m_X_window[count:] = np.inf, -np.inf
        veto = np.pad(arrays.veto, [(0, 0), (0, -depth % VETOES), (0, 0)], constant_values=np.inf)
        held: SearchSet = jax.tree.map(np.asarray, jax.device_put(replace(arrays, veto=veto)))
        return held  # on a CPU, memory that devices use as it is


def with_room(count: int) -> int:
    """How many searches a padded set of so many has."""
    return -(-count // ROOM) * ROOM


def load_searches(
    set_name: str,
    *,
    measurement: str | None = None,
    only: list[str] | None = None,
    exclude: list[str] | None = None,
    files: list[Path] | None = None,
    confidence: float | None = None,
) -> SearchSet:
    """Return a set of searches.

    Parameters
    ----------
    set_name
        ``"printed"``: the numbers that arXiv:2401.02483 uses, measurements at their central value;
        ``"corrected"``: what the experiments published, measurements as central + 1.645 sigma;
        ``"2026"``: results up to 2026, limit curves among them; ``"binned"``: branching fractions that were
        measured in bins of q2, as central + 1.645 sigma in each.
    measurement
        ``"central"``, ``"gauss"``, ``"sm_subtracted"``, or one of them after ``"binned_"``, to read
        measurements differently from the set: see `statistics.limit_of`.
    only, exclude
        Names to keep, names to leave out.
    files
        Further searches: TOML files of the same form as the shipped ones; projections are left out.
    confidence
        Level to which every limit is converted by a Gaussian factor, approximately; by default each keeps its
        own.

    Raises
    ------
    InputError
        If a set or a name is unknown, no search is left, or a measurement cannot be read as is wanted.
    """
    return with_projections(set_name, measurement, only, exclude, files, confidence)[0]


def with_projections(
    set_name: str,
    measurement: str | None,
    only: list[str] | None,
    exclude: list[str] | None,
    files: list[Path] | None,
    confidence: float | None = None,
) -> tuple[SearchSet, SearchSet]:
    """Return a set of searches, and the projections besides, which exclude nothing and of which none may be.

    The arguments, and what is raised, are those of `load_searches`.
    """
    require_x64()
    mode, tables, projections = chosen_tables(
        set_name, measurement=measurement, only=only, exclude=exclude, files=files
    )
    curves = curves_of(tables | projections, files, mode, confidence)
    return (
        search_set(set_name, mode, tables, curves, confidence),
        search_set(set_name, mode, projections, curves, confidence),
    )


def search_set(
    set_name: str,
    mode: str,
    tables: dict[str, SearchTable],
    curves: dict[str, LimitCurve],
    confidence: float | None = None,
) -> SearchSet:
    """Turn checked tables into arrays."""
    own = {name: curves[name] for name in tables if name in curves}
    flights = [table.escape or table.prompt for table in tables.values()]
    vetoes = [_vetoes(table) for table in tables.values()]
    depth = max([1, *(len(veto) for veto in vetoes)])
    padded = [[*veto, *[(math.inf, math.inf)] * (depth - len(veto))] for veto in vetoes]
    windows = [table.tau_ps or (0.0, math.inf) for table in tables.values()]
    arrays: dict[str, Any] = {
        "channel": np.array([CHANNEL_NAMES.index(table.channel) for table in tables.values()]),
        "weight": np.array([WEIGHTS[table.final_state] for table in tables.values()]),
        "is_invisible": np.array([table.final_state == "invisible" for table in tables.values()]),
        "limit": np.array(
            [
                conversion_of(table, confidence) if name in own else upper_limit(table, mode, confidence)
                for name, table in tables.items()
            ]
        ),
        "length_m": np.array([flight.length_m or 0.0 if flight else 0.0 for flight in flights]),
        "gamma_parent": np.array([_gamma(flight) for flight in flights]),
        "wall_time": np.array([_wall_time(flight) for flight in flights]),
        "tau_window": np.array(windows) * SECONDS_PER_PS,
        "m_X_window": np.array([table.m_X for table in tables.values()]),
        "veto": np.array(padded),
        "curves": curve_arrays([own.get(name, 1.0) for name in tables]) if own else None,
        "is_timed": np.array([name in own and len(own[name].tau_ps) > 0 for name in tables]) if own else None,
    }
    labels = tuple(label_of(name, table, mode, own.get(name), confidence) for name, table in tables.items())
    return SearchSet(labels=labels, set_name=set_name, **jax.device_put(arrays))


def _vetoes(table: SearchTable) -> list[tuple[float, float]]:
    """Masses without data, ascending; vetoes that touch or overlap are one."""
    in_q2 = [(math.sqrt(low), math.sqrt(high)) for low, high in table.q2_vetoes or []]
    found: list[tuple[float, float]] = []
    for low, high in sorted([*in_q2, *((low, high) for low, high in table.m_X_vetoes or [])]):
        if found and low <= found[-1][1]:
            low, high = found[-1][0], max(found.pop()[1], high)
        found.append((low, high))
    return found


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
