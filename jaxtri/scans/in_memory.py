"""A scan without a file: the grid of every treatment, with the exact boundaries beside it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jaxtri.boundary.plane import Plane
from jaxtri.boundary.record import Boundaries
from jaxtri.boundary.trace import traced
from jaxtri.errors import InputError
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.decays.hadrons import three_pion_window
from jaxtri.scans.record import Scan
from jaxtri.scans.spec import Spec, as_spec
from jaxtri.scans.tiles import compute


def scan(source: str | Path | Mapping[str, Any] | Spec) -> dict[str, Scan]:
    """Run a scan in memory.

    Parameters
    ----------
    source
        A scan file with one model, its content as nested dictionaries, or a loaded specification.

    Returns
    -------
    dict
        One `Scan` a treatment, by name, as `open_scan` reads it from a file: ``scan["log10_ratio"]`` and the
        like are NumPy arrays, ``scan.boundaries`` the exclusion curves, in a plane.

    Raises
    ------
    InputError
        For everything that is wrong with the specification, before anything is computed.
    """
    require_x64()
    spec = as_spec(source)
    curves = boundaries(spec) if spec.traces_curves else {}
    grids = {one.name: compute(spec, one) for one in spec.treatments}
    return {name: replace(one, boundaries=curves.get(name)) for name, one in grids.items()}


def boundaries(source: str | Path | Mapping[str, Any] | Spec) -> dict[str, Boundaries]:
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
    if spec.axes:
        names = ", ".join(one.name for one in spec.axes)
        raise InputError(
            f"{spec.name}: curves lie in the (m_X, g_X) plane, and this scan has the axes {names} besides; "
            'scan it with arrays = ["g_X_range"]'
        )
    return traced(plane_of(spec))


def plane_of(spec: Spec) -> Plane:
    """Return what decides the boundaries of a scan."""
    low, high = three_pion_window(spec.sm).tolist()
    return Plane(
        treatments=spec.treatments,
        sm=spec.sm,
        model=spec.model.unnamed(),
        searches=spec.searches.unlabelled(),
        labels=spec.searches.labels,
        m_X=(float(spec.m_X[0]), float(spec.m_X[-1])),
        window=Ends(float(np.log(spec.g_X[0])), float(np.log(spec.g_X[-1]))),
        three_pions=(low, high),
        correlations=spec.correlations,
    )
