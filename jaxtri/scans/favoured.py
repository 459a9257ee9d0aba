"""What data favour in the plane: lines of the right relic density, and the band of the muon's moment."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from jaxtri.model.moments import MomentShift, load_moment_shift
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.tables.fields import Positive, Strict, Text

ASSUMED = "kinetic equilibrium assumed"


@dataclass(frozen=True, kw_only=True)
class RelicLine:
    """Couplings at which one kind of dark matter has the measured density."""

    m_chi: float  # [GeV]
    x_N: float
    temperature: str  # of chi: "common" or "neutrino_bath"
    m_X: FloatArray  # [GeV]
    g_X: FloatArray  # NaN at masses where there is none
    equilibrium_assumed: BoolArray  # where chi leaves kinetic equilibrium before it freezes out

    @property
    def label(self) -> str:
        """Name on a legend, without mathematics."""
        return f"m_chi = {1e3 * self.m_chi:g} MeV, x_N = {self.x_N:g}, {self.temperature.replace('_', ' ')}"


class MuonTable(Strict):
    """Which measured moment of the muon is shown, and how many standard deviations its band has."""

    data: Text
    sigmas: Annotated[Positive, Field(le=10)]


@dataclass(frozen=True, kw_only=True)
class MuonChoice:
    """Which measurement of the muon a scan shows, and how wide its band is."""

    shift: MomentShift
    sigmas: float

    def summary(self) -> dict[str, Any]:
        """Plain data, for the configuration of a scan."""
        one = self.shift
        return {"data": one.name, "value": one.value, "error": one.error, "sigmas": self.sigmas}


@dataclass(frozen=True, kw_only=True)
class MuonBand:
    """Couplings whose shift of the muon's moment lies within the errors of the measured one."""

    data: str  # name in tables/muon_g2.toml
    title: str
    reference: str
    value: float
    error: float
    sigmas: float
    m_X: FloatArray  # [GeV]
    lowest: FloatArray  # coupling; 0 where the data allow no shift at all
    highest: FloatArray

    @property
    def prefers_X(self) -> bool:
        """Whether the data are not described without X."""
        return bool(self.value > self.sigmas * self.error)


@dataclass(frozen=True, kw_only=True)
class Favoured:
    """Everything that is drawn in a plane besides exclusions."""

    relic: tuple[RelicLine, ...] = ()
    muon: MuonBand | None = None


def muon_choice(table: MuonTable | None) -> MuonChoice | None:
    """Return the measurement that a scan file names, if it names one.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    return MuonChoice(shift=load_moment_shift(table.data), sigmas=table.sigmas) if table else None
