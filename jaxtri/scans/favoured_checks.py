"""Dark matter and the muon's moment in a scan file: checked, and as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jaxtri.errors import InputError
from jaxtri.model.dark_matter import DarkMatter
from jaxtri.model.moments import MomentShift, load_moment_shift
from jaxtri.scans.schema import MuonTable
from jaxtri.tables.fields import repeated


@dataclass(frozen=True, kw_only=True)
class MuonChoice:
    """Which measurement of the muon a scan shows, and how wide its band is."""

    shift: MomentShift
    sigmas: float

    def summary(self) -> dict[str, Any]:
        """Plain data, for the configuration of a scan."""
        one = self.shift
        return {"data": one.name, "value": one.value, "error": one.error, "sigmas": self.sigmas}


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
            f"{where}: dark_matter, muon_g2 and omega_h2 belong to the (m_X, g_X) plane, and this scan has "
            f"the axes {', '.join(axes)} besides; leave out the one or the other"
        )
    if "omega_h2" in arrays and not (dark_matter or of_model):
        raise InputError(f'{where}: arrays: "omega_h2" needs dark matter; give [[dark_matter]]')
    twice = repeated([one.label for one in dark_matter or of_model])
    if twice:
        raise InputError(f"{where}: dark_matter {'; '.join(twice)} more than once; leave one out")


def summary_of(dark_matter: Sequence[DarkMatter], muon_g2: MuonChoice | None) -> dict[str, Any]:
    """Dark matter and the muon's moment as plain data, where a scan has them."""
    found: dict[str, Any] = {}
    if dark_matter:
        found["dark_matter"] = [one.summary() for one in dark_matter]
    if muon_g2 is not None:
        found["muon_g2"] = muon_g2.summary()
    return found
