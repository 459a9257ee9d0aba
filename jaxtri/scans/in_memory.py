"""A scan without a file: the grid of every treatment, with the exact boundaries beside it."""

from dataclasses import replace

import numpy as np

from jaxtri.boundary.bands import Band, bands_of
from jaxtri.boundary.lengths import LengthBand, length_bands_of
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.record import Boundaries
from jaxtri.boundary.trace import traced
from jaxtri.errors import InputError
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.decays.hadrons import three_pion_window
from jaxtri.scans.favoured_lines import favoured
from jaxtri.scans.record import Scan
from jaxtri.scans.spec import Source, Spec, as_spec
from jaxtri.scans.tiles import Decays, compute


def scan(source: Source) -> dict[str, Scan]:
    """Run a scan in memory.

    Parameters
    ----------
    source
        A scan file with one model, its content as nested dictionaries, or a loaded specification.

    Returns
    -------
    dict
        One `Scan` a treatment, by name, as `open_scan` reads it from a file: ``scan["log10_ratio"]`` and the
        like are NumPy arrays, ``scan.boundaries`` the exclusion curves, in a plane, ``scan.favoured`` relic
        lines and the band of the muon's moment, where the scan has ``dark_matter`` or ``muon_g2``.

    Raises
    ------
    InputError
        For everything that is wrong with the specification, before anything is computed.
    """
    require_x64()
    spec = as_spec(source)
    curves = boundaries(spec) if spec.traces_curves else {}
    lines = favoured(spec) if spec.has_favoured else None
    shared: Decays = {}
    grids = {one.name: compute(spec, one, shared) for one in spec.treatments}
    return {name: replace(one, boundaries=curves.get(name), favoured=lines) for name, one in grids.items()}


def boundaries(source: Source) -> dict[str, Boundaries]:
    """Trace every exclusion boundary of a scan.

    Parameters
    ----------
    source
        A scan file, its content as nested dictionaries, or a loaded specification.  Only the ends of
        its axes are used.

    Returns
    -------
    dict
        `Boundaries` by treatment.

    Raises
    ------
    InputError
        For everything that is wrong with the specification, before anything is computed.
    """
    require_x64()
    spec = as_spec(source)
    _require_plane(spec)
    found = traced(plane_of(spec))
    if not spec.projections.labels:
        return found
    later = traced(plane_of(replace(spec, searches=spec.projections, recasts=())))
    return {name: replace(one, projections=later[name].curves) for name, one in found.items()}


def bands(source: Source) -> dict[str, list[Band]]:
    """Trace every exclusion boundary of a scan, and say how uncertain it is.

    Parameters
    ----------
    source
        As for `boundaries`.

    Returns
    -------
    dict
        `Band` of every curve, in the order of `boundaries`, by treatment: 1 sigma of ln g_X from the errors
        of the inputs, and the inputs that lead.

    Raises
    ------
    InputError
        For everything that is wrong with the specification, before anything is computed.
    """
    spec = as_spec(source)
    found, plane = boundaries(spec), plane_of(spec)
    return {one.name: list(bands_of(plane, one, found[one.name].curves)) for one in spec.treatments}


def length_bands(source: Source) -> dict[str, tuple[LengthBand, ...]]:
    """Trace what effective lengths of flight are worth: every boundary at the ends of their ranges.

    Parameters
    ----------
    source
        As for `boundaries`.

    Returns
    -------
    dict
        `LengthBand` of every search whose table gives a range, by treatment: exact boundaries for the
        shortest and the longest length, and the part of ln g_X between them.

    Raises
    ------
    InputError
        For everything that is wrong with the specification, before anything is computed.

    Notes
    -----
    Valid for: one effective length a search.  The range is an estimate, no confidence interval.
    """
    require_x64()
    spec = as_spec(source)
    _require_plane(spec)
    return length_bands_of(plane_of(spec))


def _require_plane(spec: Spec) -> None:
    """Raise where a scan has more axes than a plane."""
    if spec.axes:
        names = ", ".join(one.name for one in spec.axes)
        raise InputError(
            f"{spec.name}: curves lie in the (m_X, g_X) plane, and this scan has the axes {names} besides; "
            'scan it with arrays = ["g_X_range"]'
        )


def plane_of(spec: Spec) -> Plane:
    """Return what decides the boundaries of a scan."""
    low, high = map(float, three_pion_window(spec.sm))
    return Plane(
        treatments=spec.treatments,
        sm=spec.sm,
        model=spec.model.unnamed(),
        searches=spec.searches.padded,
        labels=spec.searches.labels,
        m_X=(float(spec.m_X[0]), float(spec.m_X[-1])),
        window=Ends(float(np.log(spec.g_X[0])), float(np.log(spec.g_X[-1]))),
        three_pions=(low, high),
        correlations=spec.correlations,
        recasts=spec.recasts,
    )
