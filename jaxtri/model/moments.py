"""Measured anomalous magnetic moments of leptons against their prediction, as named records."""

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from jaxtri.errors import unknown_name
from jaxtri.tables.reader import FOLDER, read
from jaxtri.tables.schema import MomentsTable

LEPTON_TABLES = MappingProxyType({"mu": "muon_g2", "e": "electron_g2"})


@dataclass(frozen=True, kw_only=True)
class MomentShift:
    """Measured minus predicted anomalous moment of a lepton, with the error of the difference."""

    name: str  # key in tables/muon_g2.toml or tables/electron_g2.toml
    lepton: str  # "mu" or "e"
    title: str
    value: float
    error: float  # 1 sigma
    reference: str
    locator: str

    def within(self, sigmas: float) -> tuple[float, float]:
        """Lowest and highest shift within so many standard deviations."""
        return self.value - sigmas * self.error, self.value + sigmas * self.error


@cache
def moment_shifts(lepton: str = "mu") -> dict[str, MomentShift]:
    """Every shift of a lepton's table, by name."""
    found = read(FOLDER / f"{LEPTON_TABLES[lepton]}.toml", MomentsTable).root
    return {name: MomentShift(name=name, lepton=lepton, **one.model_dump()) for name, one in found.items()}


def load_moment_shift(name: str) -> MomentShift:
    """Return measured minus predicted anomalous moment of the muon, by the year of the measurement.

    Parameters
    ----------
    name
        A key of tables/muon_g2.toml: "2021", "2023" (both against the prediction of 2020) or "2025".

    Raises
    ------
    InputError
        If there is none of that name.
    """
    known = moment_shifts()
    if name not in known:
        raise unknown_name("tables/muon_g2.toml", "measurement of the muon", str(name), known)
    return known[name]
