"""Limits that are formulas of the charges: magnetic moments of leptons, neutrino tridents.

Each compares one measured number with the Standard Model's.  Couplings are excluded above the one at which X
exceeds the measurement by two standard deviations; what a measurement favours is never a limit.
"""

from dataclasses import dataclass
from types import MappingProxyType

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.fermions import COLOURS, FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.moments import MomentShift, moment_shifts
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.numerics.kernels import kernel
from jaxtri.physics.muon_g2 import moment_coupling
from jaxtri.physics.trident import Tridents, load_tridents, trident_coupling

MOMENTS = MappingProxyType(
    {"mu": ("2025",), "e": ("rb_2020", "cs_2018")}
)  # today's; the electron's two disagree
TRIDENTS = ("ccfr_1991",)
SIGMAS_OF_MOMENTS = 2.0  # 95.4 % of a normal distribution lies within
SIGMAS_OF_TRIDENTS = 1.96  # 95 %
CONFIDENCE = 0.95
NODES = np.geomspace(1e-9, 300.0, 231)  # GeV; 20 a decade
NAMES = {"mu": "muons", "e": "electrons"}


@dataclass(frozen=True, kw_only=True)
class FormulaLimit:
    """Couplings above which one measured number excludes a model, at given masses."""

    search: str
    experiment: str
    kind: str  # "moment" or "trident"
    reference: str
    locator: str
    confidence: float
    g_lower: FloatArray  # (mass,)
    exists: BoolArray  # (mass,) where something is excluded at couplings at which X is narrow
    why: str  # why nothing is; empty where something is


@kernel()
def formula_edges(sm: StandardModel, model: GaugeModel, m_X: ArrayLike) -> Array:
    r"""Coupling above which each measurement excludes X: one row each of `MOMENTS`, then of `TRIDENTS`.

    .. math:: \Delta a_\ell(g_X) = \Delta a + 2\sigma,\qquad
              \frac{\sigma}{\sigma_{SM}}(g_X) = \frac{\sigma_{exp}}{\sigma_{SM}} + 1.96\,\delta

    Parameters
    ----------
    sm, model
        Measured inputs and charges; kinetic mixing is added to them.
    m_X
        Masses of X [GeV], positive.

    Returns
    -------
    Array
        (measurement, mass); infinite where X does not couple, 0 where the bound itself is negative.

    Notes
    -----
    Valid for: as `moment_coupling` and `trident_coupling`; differentiable in charges and inputs.
    Differs from print: not in the paper.
    """
    model = mixed(sm, model)
    found = [
        moment_coupling(sm, model, jnp.array([_bound(one) for one in shifts])[:, None], m_X, lepton=lepton)
        for lepton, shifts in _moments().items()
    ]
    for one in map(load_tridents, TRIDENTS):
        found.append(trident_coupling(sm, model, one, m_X, sigmas=SIGMAS_OF_TRIDENTS)[None])
    return jnp.concatenate(found)


def formula_limits(sm: StandardModel, model: GaugeModel, m_X: FloatArray) -> tuple[FormulaLimit, ...]:
    """Return what measured moments and tridents exclude for a model, or why they exclude nothing.

    Parameters
    ----------
    sm, model
        Measured inputs and charges; kinetic mixing as the model has it.
    m_X
        Masses [GeV], positive.

    Notes
    -----
    Valid for: vector charges.  Both differences of the electron are listed: that with alpha of caesium is
    negative by more than two standard deviations, which X cannot be, and is no limit on it.
    Differs from print: not in the paper.
    """
    known = model.unnamed()
    edges = np.asarray(formula_edges(sm, known, m_X))
    charge = dict(zip(FERMIONS, np.asarray(mixed(sm, known).charge).tolist(), strict=True))
    couples = np.isfinite(edges) & (edges > 0)
    most = sum(number * charge[name] ** 2 for name, number in zip(FERMIONS, COLOURS, strict=True)) / (
        12 * np.pi
    )
    exists = couples & (most * np.where(couples, edges, 0.0) ** 2 < 1)  # Gamma_X < m_X, all fermions open
    inside = m_X < 2 * float(sm.m_t)
    exists = exists & inside
    wide = (
        "only at couplings at which X is wider than its mass" if inside.any() else "no statement above 2 m_t"
    )
    rows = iter(zip(edges, exists, strict=True))
    found = []
    for moment in (one for shifts in _moments().values() for one in shifts):
        lepton = moment.lepton
        search = f"{'muon' if lepton == 'mu' else 'electron'}_g2_{moment.name}"
        why = _of_moment(moment, charge[lepton]) or wide
        found.append(_limit(moment, search, f"(g-2)_{lepton}, {moment.title}", "moment", *next(rows), why))
    for tridents in map(load_tridents, TRIDENTS):
        decoupled = charge["mu"] * charge["nu_mu"] == 0
        why = "x_mu x_nu_mu = 0: X does not connect muons with muon neutrinos" if decoupled else wide
        name, experiment = f"{tridents.name}_trident", tridents.experiment
        found.append(_limit(tridents, name, experiment, "trident", *next(rows), why))
    return tuple(found)


def _moments() -> dict[str, list[MomentShift]]:
    """The measured moments that are limits today, by lepton."""
    return {lepton: [moment_shifts(lepton)[name] for name in names] for lepton, names in MOMENTS.items()}


def _bound(one: MomentShift) -> float:
    """Largest shift that a measurement allows."""
    return one.within(SIGMAS_OF_MOMENTS)[1]


def _of_moment(one: MomentShift, charge: float) -> str:
    """Why a moment excludes nothing, if that is so at all couplings."""
    if charge == 0:
        return f"x_{one.lepton} = 0: X does not shift the moment of {NAMES[one.lepton]}"
    if _bound(one) <= 0:
        return (
            "measured below predicted by more than 2 sigma, and a vector boson adds: a limit would exclude X "
            "at any coupling"
        )
    return ""


def _limit(
    one: MomentShift | Tridents, search: str, experiment: str, kind: str, g: FloatArray, exists: BoolArray,
    why: str,
) -> FormulaLimit:  # fmt: skip
    """One measurement of a model."""
    sigmas = SIGMAS_OF_MOMENTS if kind == "moment" else SIGMAS_OF_TRIDENTS
    return FormulaLimit(
        search=search, experiment=experiment, kind=kind, reference=one.reference, confidence=CONFIDENCE,
        locator=f"{one.locator}; limit: {one.value:g} + {sigmas:g} x {one.error:g}",
        g_lower=g, exists=exists, why="" if exists.any() else why,
    )  # fmt: skip
