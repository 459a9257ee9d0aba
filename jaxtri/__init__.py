"""Exclusion limits on light U(1)_X gauge bosons from anomalous triangle amplitudes, in JAX.

The names below are all there is to import; each is loaded on first use, so that ``import jaxtri``
costs nothing.  64-bit floats are required and never switched on by an import::

    import jax

    jax.config.update("jax_enable_x64", True)
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "JaxtriError": "errors",
    "audit": "model.audit",
    "bands": "scans.in_memory",
    "boundaries": "scans.in_memory",
    "boundary_coupling": "limits.boundary_coupling",
    "branching_ratio": "physics.production.channels",
    "compare": "figures.comparison",
    "decoupling_factor": "physics.triangle.integral",
    "delta_a": "physics.muon_g2",
    "draw": "figures.plane",
    "excluded_couplings": "scans.point",
    "length_bands": "scans.in_memory",
    "load_dark_matter": "model.dark_matter",
    "load_model": "model.gauge_model",
    "load_moment_shift": "model.moments",
    "load_searches": "limits.searches",
    "load_spec": "scans.spec",
    "load_specs": "scans.spec",
    "load_standard_model": "model.standard_model",
    "load_treatment": "model.treatment",
    "merge_scans": "io.write_scan",
    "muon_g2_couplings": "physics.muon_g2",
    "omega_h2": "physics.relic.relic_lines",
    "open_scan": "io.hdf5_scan",
    "point": "scans.point",
    "previous_limits": "limits.recast_limits",
    "relic_couplings": "physics.relic.relic_lines",
    "scan": "scans.in_memory",
    "triangle_integral": "physics.triangle.integral",
    "validate": "limits.validation",
    "write_scan": "io.write_scan",
    "x_branching_ratios": "physics.decays.widths",
    "x_lifetime": "physics.decays.widths",
    "x_width": "physics.decays.widths",
}
__all__ = [*sorted(_HOMES)]  # the table above is the list


def __getattr__(name: str) -> Any:
    """Load a public name from its room (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jaxtri' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(importlib.import_module(f"jaxtri.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
