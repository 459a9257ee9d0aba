"""Previous limits of any model: what searches for a dark photon and the like exclude, and why some do not."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

from jaxtri.errors import InputError
from jaxtri.limits.dark_photon import Nodes, nodes_of, published_limits
from jaxtri.limits.formula_limits import NODES, FormulaLimit, formula_limits
from jaxtri.limits.previous import PreviousLimit
from jaxtri.limits.recast import RecastEdges, recast_kernel
from jaxtri.limits.recast_tables import RecastTables, recast_tables
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.standard_model import StandardModel, load_standard_model
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray
from jaxtri.tables.recast_schema import DarkPhotonSearch

SEEN = {  # what an X that a search does not see does not decay to
    "ee": "e+ e-", "mumu": "mu+ mu-", "pipi": "pi+ pi-", "ee+mumu": "e+ e- or mu+ mu-",
    "mumu+pipi": "mu+ mu- or pi+ pi-", "invisible": "neutrinos",
}  # fmt: skip
UNMADE = {  # why nothing is produced
    "ee": "x_e = 0: e+ e- do not make X",
    "e_brem": "x_e = 0: electrons do not radiate X",
    "mu_brem": "x_mu = 0: muons do not radiate X",
    "p_brem": "2 x_u + x_d = 0: protons do not radiate X",
    "pi0_gamma": "x_u = x_d = 0: no pi0 -> gamma X",
    "eta_gamma": "x_u = x_d = x_s = 0: no eta -> gamma X",
    "phi_eta": "x_s = 0: no phi -> eta X",
    "lhcb": "no charges of quarks: pp collisions do not make X",
    "cms": "no charges of quarks: pp collisions do not make X",
    "faser": "x_u = x_d = x_s = 0: no pi0 or eta -> gamma X",
}


@dataclass(frozen=True, kw_only=True)
class RecastLimit:
    """Couplings that one earlier search excludes for a model: g_lower < g_X < g_upper at each mass."""

    search: str
    experiment: str
    kind: str  # "prompt", "dump", "invisible", "displaced", "nu_e"; "moment" or "trident", which are formulas
    reference: str
    locator: str
    status: str  # how the published numbers were obtained
    confidence: float
    m_X: FloatArray  # (limit,) [GeV]; masses at which something is excluded
    g_lower: FloatArray  # (limit,)
    g_upper: FloatArray  # (limit,); infinite: everything above g_lower
    spread: FloatArray  # (limit,) of ln g_lower, from point to point of the published curve; NaN: below 2 %
    piece: IntArray  # (limit,) which connected piece
    why: str  # why nothing is excluded; empty where something is

    @property
    def pieces(self) -> tuple[PreviousLimit, ...]:
        """The connected pieces, as figures draw them."""
        found = []
        for number in np.unique(self.piece):
            here = self.piece == number
            edges = self.m_X[here], self.g_lower[here], self.g_upper[here]
            found.append(PreviousLimit(self.search, self.experiment, self.reference, *edges))
        return tuple(found)


def previous_limits(
    model: str | Path | dict[str, Any] | GaugeModel,
    *,
    m_X: ArrayLike | None = None,
    sm: StandardModel | None = None,
) -> tuple[RecastLimit, ...]:
    r"""Recast every earlier search to a model: the couplings that it excludes, or why it excludes none.

    .. math:: g = \epsilon\,\sqrt{\frac{B_A}{P\,B_X}}\ \text{where every decay counts; else a root}

    Parameters
    ----------
    model
        A `GaugeModel`, or what `load_model` takes.
    m_X
        Masses [GeV], positive and ascending; by default those of each published limit, and 20 a decade for
        the formulas.
    sm
        Measured inputs; by default the shipped ones.

    Returns
    -------
    tuple
        One `RecastLimit` a search, in the order of tables/dark_photon/searches.csv; then the formulas of
        magnetic moments and neutrino tridents, with ``status`` "formula".

    Raises
    ------
    InputError
        If there is no such model, or the masses are not positive and ascending.

    Notes
    -----
    Valid for: vector charges, couplings at which X is narrow; kinetic mixing as the model has it.
    Successive data of one experiment, such as NA64 2019, 2022 and 2023, are one growing data set.
    Differs from print: not in the paper, whose grey region comes from elsewhere.
    """
    model = model if isinstance(model, GaugeModel) else load_model(model)
    nodes, tables = _prepared() if m_X is None and sm is None else _tables(m_X, sm)
    sm = sm or load_standard_model()
    found = jax.tree.map(np.asarray, recast_kernel(tables, sm, model.unnamed()))
    charges = dict(zip(FERMIONS, found.charge.tolist(), strict=True))
    recasts = tuple(
        _limit(one.search, nodes, tables, found, nodes.position == i, charges)
        for i, one in enumerate(published_limits())
    )
    masses = NODES if m_X is None else np.atleast_1d(np.asarray(m_X, dtype=float))
    return recasts + tuple(_of_formula(one, masses) for one in formula_limits(sm, model, masses))


@cache
def _prepared() -> tuple[Nodes, RecastTables]:
    """Tables of the shipped inputs, at the masses of the published limits."""
    nodes = nodes_of()
    return nodes, recast_tables(load_standard_model(), nodes)


def _tables(m_X: ArrayLike | None, sm: StandardModel | None) -> tuple[Nodes, RecastTables]:
    """Tables of a user's masses and inputs."""
    masses = None if m_X is None else np.atleast_1d(np.asarray(m_X, dtype=float))
    if masses is not None and not (np.all(masses > 0) and np.all(np.diff(masses) > 0)):
        raise InputError(f"m_X = {masses.tolist()}: give positive masses that ascend"[:200])
    nodes = nodes_of(masses)
    return nodes, recast_tables(sm or load_standard_model(), nodes)


def _limit(
    search: DarkPhotonSearch,
    nodes: Nodes,
    tables: RecastTables,
    found: RecastEdges,
    here: BoolArray,
    charges: dict[str, float],
) -> RecastLimit:
    """One search of a model."""
    if search.kind == "displaced":
        edges = found.displaced_log_low, found.displaced_log_high, found.displaced_exists
    else:
        edges = found.log_low[here, None], found.log_high[here, None], found.exists[here, None]
    low, high, exists = map(np.asarray, edges)
    masses, segment = nodes.m_X[here], nodes.segment[here]
    columns = [
        _connected(masses, low[:, k], high[:, k], exists[:, k], segment) for k in range(exists.shape[1])
    ]
    m_X, g_lower, g_upper, piece = (np.concatenate(column) for column in zip(*columns, strict=True))
    spread = (
        nodes.spread[here][found.exists[here]] if search.kind != "displaced" else np.full(len(m_X), np.nan)
    )
    return RecastLimit(
        search=search.search, experiment=search.experiment, kind=search.kind, reference=search.reference,
        locator=search.locator, status=search.status, confidence=search.confidence,
        m_X=m_X, g_lower=g_lower, g_upper=g_upper, spread=spread, piece=piece,
        why="" if len(m_X) else reason(search, found, here, charges),
    )  # fmt: skip


def _of_formula(one: FormulaLimit, m_X: FloatArray) -> RecastLimit:
    """A formula in the form of a recast."""
    here, count = one.exists, int(one.exists.sum())
    return RecastLimit(
        search=one.search, experiment=one.experiment, kind=one.kind, reference=one.reference,
        locator=one.locator, status="formula", confidence=one.confidence,
        m_X=m_X[here], g_lower=one.g_lower[here], g_upper=np.full(count, np.inf),
        spread=np.full(count, np.nan), piece=np.cumsum(np.where(here, 0, 1))[here], why=one.why,
    )  # fmt: skip


def _connected(
    m_X: FloatArray, log_low: FloatArray, log_high: FloatArray, exists: BoolArray, segment: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Masses and couplings where something is excluded, and which connected piece each is in."""
    breaks = np.cumsum(~exists) + 10_000 * segment
    low, high = (np.exp(edge[exists]) for edge in (log_low, log_high))
    return m_X[exists], low, high, breaks[exists]


def reason(search: DarkPhotonSearch, found: RecastEdges, here: BoolArray, charges: dict[str, float]) -> str:
    """Why a search excludes nothing of a model, in words."""
    if not here.any():
        return "no data at these masses"
    production, branching = found.production[here], found.branching[here]
    if search.kind == "nu_e":
        return _of_scattering(search, charges)
    if not np.any(production > 0):
        return UNMADE[search.production]
    if not np.any(branching > 0):
        return f"X does not decay to {SEEN[search.final_state]} at these masses"
    if not np.any((production > 0) & (branching > 0)):
        return f"X is either not made or does not decay to {SEEN[search.final_state]}"
    if search.kind in ("prompt", "invisible"):
        return "only at couplings at which X is wider than its mass"
    if search.kind == "displaced":
        return "the limit is above the expected signal at every lifetime"
    return "at every coupling too few decays behind the shield"


def _of_scattering(search: DarkPhotonSearch, charges: dict[str, float]) -> str:
    """Why neutrino-electron scattering says nothing."""
    flavours = ("nu_e", "nu_mu", "nu_tau") if search.neutrino == "solar" else (str(search.neutrino),)
    values = {charges[name] for name in flavours}
    if charges["e"] == 0:
        return "x_e = 0: X does not couple to electrons"
    if values == {0.0}:
        return f"x of {', '.join(flavours)} is 0: X does not couple to the neutrinos of the beam"
    if len(values) > 1:
        return "refused: solar neutrinos of different flavours have different charges"
    return "refused: x_e x_nu < 0 interferes with the other sign, which the published curve does not hold"
