"""A search's published limit beside the limit that is compared with, as it is handed on."""

from dataclasses import dataclass, field

from jaxtri.limits.search_tables import SearchLabel
from jaxtri.numerics.arrays import FloatArray


@dataclass(frozen=True)
class AtLifetime:
    """A search at one lifetime of its table, at every mass of it and half way between."""

    tau_ps: float | None  # [ps]; None where the limit depends on the mass alone
    smallest: float | None  # the strongest limit, and the mass [GeV] that it is at; None where there is none
    m_X: float | None
    at_nodes: float  # largest |ln(compared / published)| at masses of the table
    at_midpoints: float  # and half way between, from the mean of ln(limit) of the neighbours


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What a search publishes beside what is compared with."""

    search: str
    set_name: str
    label: SearchLabel
    kind: str  # "number", "mass" or "mass and lifetime": what the limit depends on
    factor: float  # part of the signal that the published number is a limit on; all limits here are over it
    window: tuple[float, float]  # masses with data [GeV]
    vetoes: tuple[tuple[float, float], ...]  # masses taken out of it [GeV]
    holes: tuple[tuple[float, float], ...]  # steps of the table without data [GeV], declared or far too wide
    below: str  # how the limit goes on below the first lifetime and above the last
    above: str
    places: int  # points of the table and middles that were looked at
    masked: int  # of them without a limit
    unused: int  # published numbers that no cell with four corners uses
    disagreements: int  # places at which one of the two has a limit and the other has not
    at_nodes: float  # largest |ln(compared / published)| at points of the table
    at_midpoints: float  # and at middles, from the mean of the corners
    beyond: float  # and at half the first and twice the last lifetime, from what `below` and `above` say
    lifetimes: tuple[AtLifetime, ...]
    m_X: FloatArray = field(repr=False)  # (2M - 1,) masses of the table and middles [GeV]
    tau_ps: FloatArray = field(repr=False)  # (2T - 1,) lifetimes likewise [ps]; empty without lifetimes
    limit: FloatArray = field(repr=False)  # (2M - 1, 2T - 1) as compared with; NaN where there is none
