"""What tables of dark matter and of the early universe may hold."""

from typing import Literal

from pydantic import model_validator

from jaxtri.tables.fields import Charge, Positive, Quantity, Strict

MASSES_CHI = (1e-4, 0.25)  # GeV
UNITS_OF_MASS = (("MeV", 1e-3), ("keV", 1e-6), ("eV", 1e-9))


class CosmologyTable(Strict):
    """Numbers of the early universe."""

    planck_mass: Quantity
    relic_density: Quantity
    density_of_yield: Quantity
    neutrino_decoupling: Quantity
    n_eff: Quantity


class RightHandedTable(Strict):
    """A right-handed neutrino that X and dark matter annihilate into: a Majorana fermion."""

    mass: Positive
    charge: Charge


class DarkMatterTable(Strict):
    """Dirac dark matter chi of charge x_N; every disputed choice is named."""

    m_chi: Positive
    x_N: Charge
    temperature: Literal["common", "neutrino_bath"]
    right_handed_neutrino: RightHandedTable | None = None

    @model_validator(mode="after")
    def _coupled(self) -> "DarkMatterTable":
        if self.x_N == 0:
            raise ValueError("x_N = 0: chi does not couple to X, and no g_X sets its density")
        low, high = MASSES_CHI
        if not low <= self.m_chi <= high:
            meant = next((unit for unit, size in UNITS_OF_MASS if low <= self.m_chi * size <= high), None)
            hint = f" (is it in {meant}?)" if meant else ""
            raise ValueError(
                f"m_chi = {self.m_chi:g} GeV{hint}: give {low:g} to {high:g} GeV; above, chi freezes out "
                "near m_chi / 20, beyond the bath of photons, electrons and neutrinos, where muons join; "
                "below, matter rules before its density settles"
            )
        return self
