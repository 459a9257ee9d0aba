"""The (m_X, g_X) plane in which boundaries are traced."""

from dataclasses import dataclass

from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.search_tables import SearchLabel
from jaxtri.limits.searches import SearchSet
from jaxtri.model.correlations import INDEPENDENT, Correlations
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Everything that decides the boundaries of one model; a case is one search under one treatment."""

    treatments: tuple[Treatment, ...]
    sm: StandardModel
    model: GaugeModel
    searches: SearchSet  # unlabelled
    labels: tuple[SearchLabel, ...]  # of the searches
    m_X: tuple[float, float]  # lowest and highest mass [GeV]
    window: Ends  # lowest and highest ln g_X
    three_pions: tuple[float, float]  # masses between which `three_pion_spaces` matter [GeV]
    correlations: Correlations = INDEPENDENT  # of the inputs, for error bands
