"""Rates at masses on the host, value and change along ln m_X, and what one search needs of them."""

from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.kernels import CHUNK, rates_at
from jaxtri.boundary.lifetime_cells import SearchRates
from jaxtri.boundary.plane import Plane
from jaxtri.limits.search_tables import SECONDS_PER_PS
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.threads import over_chunks, padded
from jaxtri.physics.decays.widths import FINAL_STATES, lifetime
from jaxtri.tables.schema import CHANNEL_NAMES

STABLE = 600.0  # ln(tau/ps) at g_X = 1 of an X that does not decay: beyond every lifetime of a table
NEUTRINOS = FINAL_STATES.index("nu nubar")


@dataclass(frozen=True)
class RatesAtMasses:
    """Rates at g_X = 1; every first axis is (value, change along ln m_X)."""

    m_X: FloatArray  # (node,) [GeV]
    production: FloatArray  # (2, node, treatment, channel)
    x_br: FloatArray  # (2, node, final state)
    width: FloatArray  # (2, node) [GeV]


def mass_rates(plane: Plane, m_X: FloatArray) -> RatesAtMasses:
    """Compute rates at masses, a chunk at a time in every thread."""
    count = len(m_X)
    production = np.zeros((2, count, len(plane.treatments), len(CHANNEL_NAMES)))
    x_br, width = np.zeros((2, count, len(FINAL_STATES))), np.zeros((2, count))

    def fill(piece: slice) -> None:
        some = len(m_X[piece])
        decays, rates, _ = rates_at(plane, padded(m_X[piece], CHUNK))
        for way in (0, 1):
            x_br[way, piece], width[way, piece] = (np.asarray(one)[:some] for one in decays[way])
            for t, rate in enumerate(rates):
                production[way, piece, t] = np.asarray(rate[way])[:some]

    over_chunks(fill, count, CHUNK)
    return RatesAtMasses(m_X, production, x_br, width)


def rates_of(plane: Plane, search: int, treatment: int, some: RatesAtMasses) -> SearchRates:
    """Return what one search under one treatment needs; a rate that is 0, or refused, is minus infinity."""
    searches = plane.searches
    made, made_m = some.production[:, :, treatment, int(searches.channel[search])]
    seen, seen_m = np.ones_like(made), np.zeros_like(made)
    if not bool(searches.is_invisible[search]):
        seen, seen_m = some.x_br @ np.asarray(searches.weight[search])
    exists, decays = (made > 0) & (seen > 0), some.width[0] > 0
    made, seen, width = (
        np.where(exists, made, 1.0),
        np.where(exists, seen, 1.0),
        np.where(decays, some.width[0], 1.0),
    )
    log_norm = np.where(exists, np.log(made) + np.log(seen) - np.log(float(searches.limit[search])), -np.inf)
    log_tau = np.where(decays, np.log(float(lifetime(1.0)) / SECONDS_PER_PS) - np.log(width), STABLE)
    bottom, top = (float(np.asarray(end)) for end in plane.window)
    widest = np.where(decays, np.log(some.m_X / width) / 2, top)
    return SearchRates(
        m_X=some.m_X,
        log_norm=np.stack([log_norm, np.where(exists, made_m / made + seen_m / seen, 0.0)]),
        log_tau_ps=np.stack([log_tau, np.where(decays, -some.width[1] / width, 0.0)]),
        neutrinos=some.x_br[:, :, NEUTRINOS],
        ends=np.stack([np.full_like(widest, bottom), np.clip(widest, bottom, top)]),
    )
