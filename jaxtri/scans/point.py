"""One mass: every rate at a point, and the couplings that each search excludes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.errors import InputError, shortened
from jaxtri.limits.excluded_couplings import (
    BOTTOM,
    NONE,
    TOP,
    WIDEST,
    Ends,
    ExcludedCouplings,
    ends_within,
    excluded_edges,
    up_to_widest,
)
from jaxtri.limits.signal import MassPoint, SearchAtMass, log_ratio, log_signal
from jaxtri.limits.timed_couplings import timed_intervals
from jaxtri.model.treatment import Treatment, refused_channels
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.kernels import kernel
from jaxtri.physics.decays.in_flight import log_probability, turning_points
from jaxtri.physics.decays.widths import FINAL_STATES
from jaxtri.scans.grid import MassRates, rates_of_padded, with_rows
from jaxtri.scans.recast_verdicts import recast_couplings, recast_verdicts
from jaxtri.scans.spec import LOWEST, Source, Spec, as_spec
from jaxtri.scans.verdict import Verdict
from jaxtri.tables.schema import CHANNEL_NAMES

NO_STATEMENT = {
    "out_of_domain": "m_X is not below 2 m_t, or X is wider than its mass",
    "non_finite": "a rate is not a finite number; look at the inputs",
}
COUPLINGS = 1e-100, 1e100  # of a point: their squares times any width or lifetime are floats


@dataclass(frozen=True, kw_only=True)
class Point:
    """Every rate at one point, and why it is excluded or not."""

    treatment: str
    m_X: float
    g_X: float
    width: float
    lifetime: float
    branching_ratios: Mapping[str, float]
    x_branching_ratios: Mapping[str, float]
    triangle_sum: complex
    verdicts: tuple[Verdict, ...]
    status: str  # "ok", "rate_above_1", "out_of_domain" or "non_finite", as the array of a scan
    projected: tuple[str, ...] = ()  # projections that would exclude the point, and do not count

    @property
    def excluded_by(self) -> tuple[str, ...]:
        """Searches that exclude the point; none where no statement is made."""
        return tuple(one.name for one in self.verdicts if one.excluded)


@kernel()
def _at_coupling(searches: SearchAtMass, log_g: Array) -> tuple[Array, Array]:
    """F of `log_ratio` and ln of the probability of decay in flight, each (search,)."""
    flight = searches.flight * jnp.exp(2 * log_g)
    ratios = jax.vmap(lambda search: log_ratio(search, log_g))(searches)
    return ratios, log_probability(searches.is_invisible, searches.neutrinos, flight)


def _at_mass(spec: Spec, treatment: Treatment, m_X: float) -> MassRates:
    """Everything at one mass, with the padding of searches."""
    m_X = _positive("m_X", m_X)
    if m_X < LOWEST["m_X"]:
        raise InputError(f"m_X = {m_X:g}: at least {LOWEST['m_X']:g} GeV is allowed")
    model, searches = spec.model.unnamed(), spec.searches.padded
    mass = jax.device_put(np.array([m_X]))
    found = rates_of_padded(spec.sm, model, treatment, searches, mass, (), spec.recasts)
    found = replace(found, points=with_rows(found.points, searches.curves))
    return jax.tree.map(lambda x: np.asarray(x)[0], found)


def point(source: Source, m_X: float, g_X: float, *, treatment: str | None = None) -> dict[str, Point]:
    """Compute everything at one point.

    Parameters
    ----------
    source
        A scan file with one model, its content as nested dictionaries, or a loaded specification; its axes
        are not used.
    m_X
        Mass of X [GeV].
    g_X
        Gauge coupling.
    treatment
        Only this treatment of the scan file.

    Returns
    -------
    dict
        `Point` by treatment: every rate, the lifetime, and why each search excludes the point or does not.

    Raises
    ------
    InputError
        If the scan is wrong, the treatment is none of it, or mass or coupling is not a positive number.
    """
    require_x64()
    spec = as_spec(source)
    return {one.name: _point(spec, one, m_X, g_X) for one in spec.chosen(treatment)}


def _point(spec: Spec, treatment: Treatment, m_X: float, g_X: float) -> Point:
    """Everything at one point under one treatment."""
    g_X = _positive("g_X", g_X)
    if not COUPLINGS[0] <= g_X <= COUPLINGS[1]:
        raise InputError(f"g_X = {g_X:g}: {COUPLINGS[0]:g} to {COUPLINGS[1]:g} is allowed")
    found = _at_mass(spec, treatment, m_X)
    mass = found.points
    log_g = np.log(g_X)
    ratios, in_flight = map(np.asarray, _at_coupling(mass.searches, log_g))
    status = _status(found, ratios, g_X, treatment)
    return Point(
        treatment=treatment.name,
        m_X=m_X,
        g_X=g_X,
        width=float(mass.width) * g_X**2,
        lifetime=float(mass.lifetime) / g_X**2,
        branching_ratios=_named(CHANNEL_NAMES, np.exp(np.asarray(mass.log_br) + 2 * log_g)),
        x_branching_ratios=_named(FINAL_STATES, np.asarray(mass.x_br)),
        triangle_sum=complex(found.triangle_sum),
        verdicts=tuple(
            _verdict(spec, treatment, mass, i, log_g, (float(ratios[i]), float(in_flight[i])), status)
            for i in range(len(spec.searches.labels))
        )
        + recast_verdicts(spec, mass, log_g, NO_STATEMENT.get(status)),
        status=status,
        projected=() if status in NO_STATEMENT else _projected(spec, treatment, m_X, g_X),
    )


def _projected(spec: Spec, treatment: Treatment, m_X: float, g_X: float) -> tuple[str, ...]:
    """Projections of a scan that would exclude a point."""
    found = projected_couplings(spec, m_X, treatment.name)[treatment.name]
    return tuple(name for name, some in found.items() if any(low < g_X < high for low, high in some))


def _status(found: MassRates, ratios: FloatArray, g_X: float, treatment: Treatment) -> str:
    """What is known at a point, by the names of `arrays.STATUS`."""
    mass = found.points
    log_br = np.asarray(mass.log_br)[[name not in treatment.refused for name in CHANNEL_NAMES]]
    width = float(mass.width) * g_X**2
    if not math.isfinite(width) or np.isnan(log_br).any() or np.isnan(ratios).any():
        return "non_finite"
    if not (bool(found.in_domain) and width < float(mass.mass)):
        return "out_of_domain"
    return "rate_above_1" if log_br.max() + 2 * np.log(g_X) > 0 else "ok"


def _verdict(
    spec: Spec,
    treatment: Treatment,
    mass: MassPoint,
    index: int,
    log_g: float,
    known: tuple[float, float],
    status: str,
) -> Verdict:
    """Say in words why a search excludes a point, or does not; ``known`` is what `_at_coupling` says."""
    one = jax.tree.map(lambda x: x[index], mass.searches)
    label = spec.searches.labels[index]
    low, high = np.asarray(spec.searches.m_X_window)[index]
    tau = float(mass.lifetime) * math.exp(-2 * log_g)
    if status in NO_STATEMENT:
        reason = f"no statement: {NO_STATEMENT[status]}"
        return Verdict(name=label.name, excluded=False, ratio=math.nan, probability=math.nan, reason=reason)
    ratio, in_flight = known
    if label.channel in treatment.refused:
        reason = f"no rate: {refused_channels(spec.model, treatment)[label.channel]}"
        return Verdict(name=label.name, excluded=False, ratio=math.nan, probability=math.nan, reason=reason)
    if not bool(one.is_valid):
        inside = low <= float(mass.mass) <= high
        reason = "vetoed mass, or channel closed" if inside else f"no data outside {low:.4g}-{high:.4g} GeV"
        return Verdict(name=label.name, excluded=False, ratio=0.0, probability=0.0, reason=reason)
    if label.tau_window_s and not label.tau_window_s[0] < tau < label.tau_window_s[1]:
        low, high = (edge * 1e12 for edge in label.tau_window_s)
        reason = f"lifetime {tau * 1e12:.3g} ps outside {low:g}-{high:g} ps"
        return Verdict(name=label.name, excluded=False, ratio=0.0, probability=0.0, reason=reason)
    is_timed = one.is_timed is not None and bool(one.is_timed)
    limit = _limit_at(one, float(np.asarray(spec.searches.limit)[index]), log_g)
    if not math.isfinite(limit):
        reason = f"no limit at a lifetime of {tau * 1e12:.3g} ps"
        return Verdict(name=label.name, excluded=False, ratio=0.0, probability=0.0, reason=reason)
    word = "excluded: above" if ratio > 0 else "allowed: below"
    rate = float(np.exp(np.asarray(mass.log_br)[CHANNEL_NAMES.index(label.channel)] + 2 * log_g))
    return Verdict(
        name=label.name,
        excluded=ratio > 0,
        ratio=float(np.exp(ratio if is_timed else one.log_norm + 2 * log_g + in_flight)),
        probability=math.nan if is_timed else float(np.exp(in_flight)),
        reason=f"{word} the limit {limit:.3g} on BR({label.channel}) x P({label.final_state})"
        + (f"; a BR of {rate:.3g} is none: X alone exceeds the measured total width" if rate > 1 else ""),
    )


def _limit_at(one: SearchAtMass, number: float, log_g: float) -> float:
    """The limit at one mass and lifetime: a number times what its curve says; infinite without one."""
    if one.row is None:
        return number
    timed = one.log_norm + 2 * log_g - log_signal(one, log_g)
    log = float(timed if one.is_timed else one.row.first_y)
    return number * math.exp(log) if math.isfinite(log) else math.inf


def excluded_couplings(
    source: Source, m_X: float, *, treatment: str | None = None
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return the couplings that every search excludes at one mass.

    Parameters
    ----------
    source
        As for `point`; couplings from 1e-15 to 10 are searched, whatever its axes.
    m_X
        Mass of X [GeV].
    treatment
        Only this treatment of the scan file.

    Returns
    -------
    dict
        By treatment and search the intervals (lowest, highest) coupling, edges exact to rounding; an empty
        list where nothing is excluded.  They end where X is as wide as its mass, or at 10: open upwards.

    Raises
    ------
    InputError
        If the scan is wrong, the treatment is none of it, the mass is not a positive number, or no statement
        can be made at it: beyond the formulas' domain, or where a rate is not a number.
    """
    return {name: found for name, (found, _) in excluded_and_highest(source, m_X, treatment).items()}


Intervals = dict[str, list[tuple[float, float]]]  # of excluded couplings, by search


def excluded_and_highest(
    source: Source, m_X: float, treatment: str | None
) -> dict[str, tuple[Intervals, float]]:
    """`excluded_couplings`, and the highest coupling that was looked at, by treatment."""
    require_x64()
    spec = as_spec(source)
    return {one.name: excluded_at(spec, one, m_X) for one in spec.chosen(treatment)}


def projected_couplings(source: Source, m_X: float, treatment: str | None) -> dict[str, Intervals]:
    """What the projections of a scan would exclude at one mass, by treatment: as `excluded_couplings`."""
    spec = as_spec(source)
    later = replace(spec, searches=spec.projections, recasts=())
    return {
        one.name: excluded_at(later, one, m_X)[0] if later.searches.labels else {}
        for one in spec.chosen(treatment)
    }


def excluded_at(spec: Spec, treatment: Treatment, m_X: float) -> tuple[Intervals, float]:
    """Excluded couplings of every search at one mass under one treatment, and the highest one looked at."""
    rates = _at_mass(spec, treatment, m_X)
    mass = rates.points
    valid = np.asarray(mass.searches.is_valid)
    status = _status(rates, np.asarray(mass.searches.log_norm)[valid], WIDEST[0], treatment)
    if status in NO_STATEMENT:
        raise InputError(f"m_X = {m_X:g}, treatment {treatment.name}: no statement: {NO_STATEMENT[status]}")
    plain = replace(mass, searches=replace(mass.searches, row=None, is_timed=None, log_tau_ps=None))
    found = jax.tree.map(np.asarray, _edges(plain))
    value = np.exp(found.value)
    value[:, BOTTOM] = WIDEST[0]
    value = up_to_widest(value)
    intervals = {
        label.name: [
            (float(value[i, low]), float(value[i, high]))
            for low, high in zip(found.lower[i], found.upper[i], strict=True)
            if low != NONE
        ]
        for i, label in enumerate(spec.searches.labels)
    }
    if mass.searches.is_timed is not None:
        window = Ends(math.log(WIDEST[0]), float(found.value[0, TOP]))
        for i in np.flatnonzero(mass.searches.is_timed[: len(spec.searches.labels)]):
            one = jax.tree.map(lambda x, i=i: x[i], mass.searches)
            known = up_to_widest(np.exp(np.array(timed_intervals(one, window)).reshape(-1, 2)))
            intervals[spec.searches.labels[i].name] = [(float(a), float(b)) for a, b in known]
    return intervals | recast_couplings(spec, mass), float(value[0, TOP])


@kernel()
def _edges(mass: MassPoint) -> ExcludedCouplings:
    """What every search excludes, in the widest window."""
    turning = turning_points(mass.x_br[FINAL_STATES.index("nu nubar")])
    ends = ends_within(mass.mass, mass.width, Ends(*np.log(WIDEST)))
    return jax.vmap(lambda search: excluded_edges(search, turning, ends))(mass.searches)


def _named(names: tuple[str, ...], values: Any) -> dict[str, float]:
    return dict(zip(names, map(float, values), strict=True))


def _positive(name: str, value: Any) -> float:
    """A number of the caller's as a float.

    Raises
    ------
    InputError
        If it is not a positive number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # text, an array, an integer beyond all floats
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        shown = shortened(str(value))
        raise InputError(f"{name} = {shown}: give a positive number{' in GeV' if name == 'm_X' else ''}")
    return number
