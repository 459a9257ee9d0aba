"""What decides the boundaries of a (m_X, g_X) plane."""

from dataclasses import dataclass

import numpy as np

from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.searches import SearchSet
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.physics.decays.hadrons import three_pion_window
from jaxtri.scans.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything that decides the boundaries of a scan; a line is one search under one treatment."""

    treatments: tuple[Treatment, ...]
    sm: StandardModel
    model: GaugeModel
    searches: SearchSet
    window: Ends  # lowest and highest ln g_X
    three_pions: tuple[float, float]  # masses between which `three_pion_spaces` matter [GeV]

    @classmethod
    def of(cls, spec: Spec) -> "Problem":
        """Take from a scan what its boundaries need."""
        window = Ends(float(np.log(spec.g_X[0])), float(np.log(spec.g_X[-1])))
        low, high = three_pion_window(spec.sm).tolist()
        return cls(
            treatments=spec.treatments,
            sm=spec.sm,
            model=spec.model,
            searches=spec.searches,
            window=window,
            three_pions=(low, high),
        )
