"""Every search once more, one point at a time in plain Python: the oracle of several test files.

Limits, windows, vetoes and flights are read from the TOML tables with tomllib, earlier limits from the
CSV file with csv.  Rates are jaxtri's public functions, tested elsewhere against formulas in multiple
precision.  Nothing else of jaxtri is used.
"""

import csv
import functools
import itertools
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jaxtri

TABLES = Path(jaxtri.__file__).with_name("tables")
INPUTS = {
    name: entry["value"]
    for name, entry in tomllib.loads((TABLES / "standard_model.toml").read_text()).items()
}
MASSES = {  # parent and other product; an isospin average flies like its charged half
    "Z -> gamma X": ("m_Z", None),
    "B+ -> K+ X": ("m_B_plus", "m_K_plus"),
    "B0 -> K0 X": ("m_B0", "m_K0"),
    "B0 -> K*0 X": ("m_B0", "m_Kstar0"),
    "B+ -> K*+ X": ("m_B_plus", "m_Kstar_plus"),
    "K+ -> pi+ X": ("m_K_plus", "m_pi_plus"),
    "KL -> pi0 X": ("m_K0", "m_pi0"),
    "B -> K X": ("m_B_plus", "m_K_plus"),
    "B -> K* X": ("m_B_plus", "m_Kstar_plus"),
}
CHANNELS = tuple(MASSES)
FINAL_STATES = ("e+ e-", "mu+ mu-", "tau+ tau-", "nu nubar", "hadrons")
LIGHT_SPEED = 299792458.0  # m/s
ONE_SIDED_95 = 1.645  # standard deviations
WIDEST_GAP = 1.3  # neighbouring masses further apart than this belong to two pieces of an earlier limit


@dataclass(frozen=True)
class Search:
    """One search as its table states it."""

    name: str
    channel: str
    final_state: str
    limit: float
    m_X: tuple[float, float]
    vetoes: tuple[tuple[float, float], ...]
    tau_s: tuple[float, float] | None
    length_m: float | None
    gamma: float
    wall_s: float | None

    def has_data(self, m_X):
        """Whether the search says anything at this mass."""
        M, m = parent_and_product(self.channel)
        vetoed = any(low < m_X < high for low, high in self.vetoes)
        return self.m_X[0] <= m_X <= self.m_X[1] and not vetoed and m + m_X < M

    def proper_time(self, m_X):
        """Proper time at the wall [s], from X's energy gamma_P E* in the laboratory; None without a wall."""
        if self.length_m is None:
            return self.wall_s
        M, m = parent_and_product(self.channel)
        energy = (M**2 + m_X**2 - m**2) / (2 * M)
        gamma = self.gamma * energy / m_X
        return self.length_m / (LIGHT_SPEED * math.sqrt((gamma - 1) * (gamma + 1)))


@dataclass(frozen=True)
class Point:
    """The public rates at one point."""

    m_X: float
    g_X: float
    production: dict[str, float]
    decay: dict[str, float]
    lifetime: float

    def at(self, g_X):
        """Return the same mass at another coupling: rates scale with g_X^2."""
        scale = (g_X / self.g_X) ** 2
        production = {name: scale * value for name, value in self.production.items()}
        return Point(self.m_X, g_X, production, self.decay, self.lifetime / scale)


def parent_and_product(channel):
    M, m = MASSES[channel]
    return INPUTS[M], 0.0 if m is None else INPUTS[m]


def raw_table(path, set_name):
    """One search file as plain dictionaries, with what the set overrides; None if not in the set."""
    data = tomllib.loads(Path(path).read_text())
    printed = data.pop("printed", {})
    if set_name not in data.pop("sets", ["printed", "corrected"]):
        return None
    return data | (printed if set_name == "printed" else {})


def upper_limit(data, measurement):
    if data["kind"] == "limit":
        return data["limit"]
    sigma = math.sqrt(data["stat_up"] ** 2 + data.get("syst", 0.0) ** 2)
    return data["value"] + {"central": 0.0, "gauss": ONE_SIDED_95}[measurement] * sigma


def search_of(name, data, measurement):
    flight = data.get("escape") or data.get("prompt") or {}
    beta_gamma = flight.get("beta_gamma_parent")
    gamma = flight.get("gamma_parent", 1.0) if beta_gamma is None else math.sqrt(1 + beta_gamma**2)
    in_q2 = [(math.sqrt(low), math.sqrt(high)) for low, high in data.get("q2_vetoes", [])]
    tau = data.get("tau_ps")
    return Search(
        name=name,
        channel=data["channel"],
        final_state=data["final_state"],
        limit=upper_limit(data, measurement),
        m_X=tuple(data["m_X"]),
        vetoes=(*in_q2, *map(tuple, data.get("m_X_vetoes", []))),
        tau_s=None if tau is None else (tau[0] * 1e-12, tau[1] * 1e-12),
        length_m=flight.get("length_m"),
        gamma=gamma,
        wall_s=flight["tau_ps"] * 1e-12 if "tau_ps" in flight else None,
    )


@functools.cache
def searches(set_name, measurement=None):
    """Every shipped search of a set, by name."""
    mode = measurement or {"printed": "central", "corrected": "gauss"}[set_name]
    tables = {path.stem: raw_table(path, set_name) for path in sorted((TABLES / "searches").glob("*.toml"))}
    return {name: search_of(name, data, mode) for name, data in tables.items() if data is not None}


def log_escape(invisible_fraction, x):
    """Logarithm of B + (1 - B) exp(-x)."""
    if invisible_fraction == 0:
        return -x
    return math.log1p((1 - invisible_fraction) * math.expm1(-x))


def log_prompt(x):
    """Logarithm of 1 - exp(-x)."""
    return math.log(-math.expm1(-x)) if x > 0 else -math.inf


def log_ratio(search, point):
    """Logarithm of signal over limit, or how far the lifetime is inside its window if that is less."""
    if not search.has_data(point.m_X):
        return -math.inf
    wall = search.proper_time(point.m_X)
    x = math.inf if wall is None else wall / point.lifetime
    if search.final_state == "invisible":
        log_probability = log_escape(point.decay["nu nubar"], x)
    else:
        light = (point.decay["e+ e-"] + point.decay["mu+ mu-"]) / 2
        fraction = light if search.final_state == "l+ l-" else point.decay[search.final_state]
        log_probability = log_prompt(x) + log(fraction)
    ratio = log(point.production[search.channel]) + log_probability - math.log(search.limit)
    low, high = search.tau_s or (0.0, math.inf)
    return min(ratio, log_over(point.lifetime, low), log_over(high, point.lifetime))


def log(value):
    return math.log(value) if value > 0 else -math.inf


def log_over(above, below):
    return math.inf if below == 0 or above == math.inf else math.log(above / below)


def public_rates(sm, model, treatment, m_X, g_X):
    """Every public rate at one point: production, decays, lifetime."""
    production = [jaxtri.branching_ratio(name, sm, model, treatment, m_X, g_X) for name in CHANNELS]
    decay = jaxtri.x_branching_ratios(sm, model, m_X)
    lifetime = jaxtri.x_lifetime(sm, model, m_X, g_X)
    return jnp.stack([*production, *(decay[name] for name in FINAL_STATES), lifetime])


@functools.cache
def _compiled(treatment_name, model_name):
    sm, model = jaxtri.load_standard_model(), jaxtri.load_model(model_name)
    treatment = jaxtri.load_treatment(treatment_name)
    return jax.jit(lambda m_X, g_X: public_rates(sm, model, treatment, m_X, g_X))


def point(treatment_name, m_X, g_X, model_name="b_minus_l"):
    """Public rates at one point; compiled once a treatment, called for one point at a time."""
    rates = np.asarray(_compiled(treatment_name, model_name)(float(m_X), float(g_X))).tolist()
    production = dict(zip(CHANNELS, rates, strict=False))
    decay = dict(zip(FINAL_STATES, rates[len(CHANNELS) : -1], strict=True))
    return Point(float(m_X), float(g_X), production, decay, rates[-1])


def bisection(is_inside, inside, outside, steps=60):
    """Edge of a condition between a point inside and a point outside, by halving in the logarithm."""
    low, high = math.log(inside), math.log(outside)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if is_inside(math.exp(middle)) else (low, middle)
    return math.exp((low + high) / 2)


def excluded_intervals(search, point, couplings):
    """Couplings that a search excludes at the mass of a point: looked at on a list, then bisected."""

    def is_excluded(g_X):
        return log_ratio(search, point.at(g_X)) > 0

    if not search.has_data(point.m_X):
        return []
    if search.tau_s is not None:  # a wedge may be narrower than the steps of the list
        couplings = sorted({*couplings, peak(search, point, couplings[0], couplings[-1])})
    flags = [is_excluded(g_X) for g_X in couplings]
    edges = [couplings[0]] if flags[0] else []
    for (low, before), (high, after) in itertools.pairwise(zip(couplings, flags, strict=True)):
        if before != after:
            edges.append(bisection(is_excluded, *((low, high) if before else (high, low))))
    edges += [couplings[-1]] if flags[-1] else []
    return list(zip(edges[::2], edges[1::2], strict=True))


def peak(search, point, lowest, highest):
    """Coupling that a search with a lifetime window excludes most: ln r is concave in ln g_X."""
    low, high = math.log(lowest), math.log(highest)
    while high - low > 1e-9:
        third = (high - low) / 3
        left, right = (log_ratio(search, point.at(math.exp(u))) for u in (low + third, high - third))
        low, high = (low + third, high) if left < right else (low, high - third)
    return math.exp((low + high) / 2)


def previous_segments(path="previous_limits/b_minus_l.csv"):
    """Neighbouring rows of the same earlier search: pairs of (m_X, g_low, g_high)."""
    lines = [line for line in (TABLES / path).read_text().splitlines() if not line.startswith("#")]
    rows = [
        (row["search"], float(row["m_X"]), float(row["g_low"]), float(row["g_high"] or "inf"))
        for row in csv.DictReader(lines)
    ]
    return [
        (first[1:], second[1:])
        for first, second in itertools.pairwise(rows)
        if first[0] == second[0] and 1 < second[1] / first[1] < WIDEST_GAP
    ]


def previous_intervals(segments, m_X):
    """Couplings excluded earlier at one mass: straight lines in logarithms between neighbouring rows."""
    found = []
    for (m_1, low_1, high_1), (m_2, low_2, high_2) in segments:
        if m_1 <= m_X <= m_2:
            w = math.log(m_X / m_1) / math.log(m_2 / m_1)
            low = low_1 ** (1 - w) * low_2**w
            is_open = (w < 1 and high_1 == math.inf) or (w > 0 and high_2 == math.inf)
            found.append((low, math.inf if is_open else high_1 ** (1 - w) * high_2**w))
    return found


def without(intervals, removed):
    """Union of intervals, less the union of others, as disjoint intervals."""
    edges = sorted({edge for pair in (*intervals, *removed) for edge in pair})
    pieces = []
    for low, high in itertools.pairwise(edges):
        middle = math.sqrt(low * high) if high < math.inf else 2 * low
        kept = any(a < middle < b for a, b in intervals) and not any(a < middle < b for a, b in removed)
        if kept and pieces and pieces[-1][1] == low:
            pieces[-1] = (pieces[-1][0], high)
        elif kept:
            pieces.append((low, high))
    return pieces
