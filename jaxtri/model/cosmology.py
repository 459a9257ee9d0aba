"""Numbers of the early universe."""

from dataclasses import dataclass
from functools import cache

from jaxtri.tables.dark_matter_schema import CosmologyTable
from jaxtri.tables.reader import FOLDER, read


@dataclass(frozen=True, kw_only=True)
class Cosmology:
    """What the relic density takes from the early universe."""

    planck_mass: float  # [GeV]
    relic_density: float  # Omega h^2 of dark matter
    density_of_yield: float  # Omega h^2 / (m Y) [GeV^-1]
    neutrino_decoupling: float  # temperature [GeV] of `neutrino_bath`
    n_eff: float  # measured effective number of neutrinos
    n_eff_error: float  # 1 sigma


@cache
def cosmology() -> Cosmology:
    """Return the numbers of tables/cosmology.toml."""
    table = read(FOLDER / "cosmology.toml", CosmologyTable)
    values = {name: float(getattr(table, name).value) for name in CosmologyTable.model_fields}
    return Cosmology(**values, n_eff_error=float(table.n_eff.model_dump()["error"]))
