"""What data favour in the plane: lines of the right relic density, and the band of the muon's moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from jaxtri.errors import InputError
from jaxtri.model.dark_matter import DarkMatter
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


def require_lines(
    where: str,
    axes: Sequence[str],
    arrays: Sequence[str],
    dark_matter: Sequence[DarkMatter],
    of_model: Sequence[DarkMatter],
    muon_g2: MuonChoice | None,
) -> None:
    """Raise where lines have no plane, two are the same, or a density has no dark matter.

    Parameters
    ----------
    where
        Name of the scan, for errors.
    axes
        Names of its further axes.
    arrays
        Names of those that it stores.
    dark_matter, of_model, muon_g2
        What the scan file, and its model, have.
    """
    if axes and (dark_matter or muon_g2 or "omega_h2" in arrays):
        raise InputError(
            f"{where}: dark_matter, muon_g2 and omega_h2 belong to the (m_X, g_X) plane, and this scan has the "
            f"axes {', '.join(axes)} besides; leave out the one or the other"
        )
    if "omega_h2" in arrays and not (dark_matter or of_model):
        raise InputError(f'{where}: arrays: "omega_h2" needs dark matter; give [[dark_matter]]')
    labels = [one.label for one in dark_matter or of_model]
    repeated = sorted({one for one in labels if labels.count(one) > 1})
    if repeated:
        raise InputError(f"{where}: dark_matter {'; '.join(repeated)} more than once; leave one out")


def summary_of(dark_matter: Sequence[DarkMatter], muon_g2: MuonChoice | None) -> dict[str, Any]:
    """Dark matter and the muon's moment as plain data, where a scan has them."""
    found: dict[str, Any] = {}
    if dark_matter:
        found["dark_matter"] = [one.summary() for one in dark_matter]
    if muon_g2 is not None:
        found["muon_g2"] = muon_g2.summary()
    return found
