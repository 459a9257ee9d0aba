"""What data favour, in a group ``favoured`` of a scan's file.

``relic/1``, ``2``, ...: one line each, ``mass`` [GeV], ``coupling`` (NaN where there is no line) and
``equilibrium_assumed`` (uint8) along ``vertex``; attributes ``m_chi`` [GeV], ``x_N``, ``temperature``.
``muon_g2``: ``mass``, ``lowest`` and ``highest`` coupling along ``vertex``; attributes ``data``, ``title``,
``reference``, ``value``, ``error``, ``sigmas``.  No array is called like an axis of the scan.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.io.hdf5_dataset import NotAScan, add_array, describe, text_of
from jaxtri.scans.favoured import Favoured, MuonBand, RelicLine

RELIC, MUON = "relic", "muon_g2"
MEANINGS = {
    "mass": ("GeV", "mass of X"),
    "coupling": ("1", "gauge coupling of X with the measured relic density"),
    "equilibrium_assumed": ("1", "whether dark matter leaves kinetic equilibrium before it freezes out"),
    "lowest": ("1", "lowest gauge coupling within the errors; 0 where the data allow no shift"),
    "highest": ("1", "highest gauge coupling within the errors"),
}


def write_favoured(group: Any, found: Favoured) -> None:
    """Write lines and band into an empty group."""
    for i, one in enumerate(found.relic, start=1):
        line = group.create_group(f"{RELIC}/{i}")
        describe(line, m_chi=one.m_chi, x_N=one.x_N, temperature=one.temperature)
        assumed = one.equilibrium_assumed.astype(np.uint8)
        _write(line, mass=one.m_X, coupling=one.g_X, equilibrium_assumed=assumed)
    if found.muon is not None:
        band, muon = group.create_group(MUON), found.muon
        names = ("data", "title", "reference", "value", "error", "sigmas")
        describe(band, **{name: getattr(muon, name) for name in names})
        _write(band, mass=muon.m_X, lowest=muon.lowest, highest=muon.highest)


def _write(group: Any, **arrays: npt.NDArray[Any]) -> None:
    add_array(group, "vertex", np.arange(len(arrays["mass"])))
    group["vertex"].make_scale("vertex")
    for name, values in arrays.items():
        add_array(group, name, values)
        units, meaning = MEANINGS[name]
        describe(group[name], units=units, long_name=meaning)
        group[name].dims[0].attach_scale(group["vertex"])


def read_favoured(group: Any) -> Favoured:
    """Read what `write_favoured` wrote."""
    lines = group.get(RELIC, {})
    relic = tuple(_line(lines[name]) for name in sorted(lines, key=int))
    return Favoured(relic=relic, muon=_band(group[MUON]) if MUON in group else None)


def _line(group: Any) -> RelicLine:
    m_X, g_X, assumed = (_numbers(group, name) for name in ("mass", "coupling", "equilibrium_assumed"))
    return RelicLine(
        m_chi=float(group.attrs["m_chi"]),
        x_N=float(group.attrs["x_N"]),
        temperature=text_of(group, "temperature"),
        m_X=m_X,
        g_X=g_X,
        equilibrium_assumed=assumed.astype(bool),
    )


def _band(group: Any) -> MuonBand:
    m_X, lowest, highest = (_numbers(group, name) for name in ("mass", "lowest", "highest"))
    return MuonBand(
        data=text_of(group, "data"),
        title=text_of(group, "title"),
        reference=text_of(group, "reference"),
        value=float(group.attrs["value"]),
        error=float(group.attrs["error"]),
        sigmas=float(group.attrs["sigmas"]),
        m_X=m_X,
        lowest=lowest,
        highest=highest,
    )


def _numbers(group: Any, name: str) -> npt.NDArray[Any]:
    values = np.asarray(group[name][...])
    if values.shape != group["mass"].shape or values.ndim != 1 or values.dtype.kind not in "fu":
        raise NotAScan(f"{group.name}/{name}: no numbers along the vertices")
    return values
