"""What data favour in the plane: lines of the right relic density, and the band of the muon's moment."""

from dataclasses import dataclass

from jaxtri.numerics.arrays import BoolArray, FloatArray

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
