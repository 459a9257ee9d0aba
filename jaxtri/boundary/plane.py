"""The (m_X, g_X) plane in which boundaries are traced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax
import numpy as np

from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.search_tables import SearchLabel
from jaxtri.limits.searches import SearchSet
from jaxtri.model.correlations import INDEPENDENT, Correlations
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.arrays import IntArray


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Everything that decides the boundaries of one model; a case is one search under one treatment."""

    treatments: tuple[Treatment, ...]
    sm: StandardModel
    model: GaugeModel
    searches: SearchSet  # padded: more than there are labels
    labels: tuple[SearchLabel, ...]  # of the searches
    m_X: tuple[float, float]  # lowest and highest mass [GeV]
    window: Ends  # lowest and highest ln g_X
    three_pions: tuple[float, float]  # masses between which `three_pion_spaces` matter [GeV]
    correlations: Correlations = INDEPENDENT  # of the inputs, for error bands
    recasts: tuple[str, ...] = ()  # names of earlier searches, recast to the model: no case has them

    @property
    def places(self) -> IntArray:
        """Where the cases stand among those of the padded searches."""
        room = len(self.searches.limit)
        rows = np.arange(len(self.treatments))[:, None] * room + np.arange(len(self.labels))
        return rows.ravel()

    @property
    def timed(self) -> list[int]:
        """Positions of the searches whose limit depends on the lifetime."""
        is_timed = self.searches.is_timed
        return [] if is_timed is None else np.flatnonzero(np.asarray(is_timed)[: len(self.labels)]).tolist()

    @property
    def untimed(self) -> list[int]:
        """Positions of the others."""
        timed = set(self.timed)
        return [i for i in range(len(self.labels)) if i not in timed]

    @property
    def spread(self) -> list[int]:
        """Positions of the searches whose length, or time, of flight has a range."""
        return [i for i in self.untimed if self.labels[i].flight_spread]

    def at_end(self, end: int) -> "Plane":
        """Return the plane of the searches in `spread` with their shortest (0) or longest (1) flight."""
        some = self.only(self.spread)
        scale = np.ones(len(some.searches.limit))
        scale[: len(some.labels)] = [label.flight_spread[end] for label in some.labels]
        searches = replace(
            some.searches,
            length_m=some.searches.length_m * scale,
            wall_time=some.searches.wall_time * scale,
        )
        return replace(some, searches=searches, recasts=())

    def only(self, positions: Sequence[int]) -> "Plane":
        """Return the plane of some searches, of which none depends on the lifetime."""
        index = np.asarray(positions)
        searches = jax.tree.map(lambda x: x[index], self.searches)
        curves = searches.curves
        if curves is not None:
            flat = not np.any(np.asarray(curves.y)[:, :, 0])  # limits that are numbers
            short = replace(curves, u=curves.u[:, :2], y=curves.y[:, :, :2], known=curves.known[:, :, :2])
            searches = replace(
                searches, curves=None if flat else short, is_timed=None if flat else searches.is_timed
            )
        return replace(self, searches=searches.padded, labels=tuple(self.labels[i] for i in positions))
