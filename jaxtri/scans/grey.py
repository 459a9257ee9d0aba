"""The grey of a figure: which couplings were excluded before, from the model's table or by computation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jaxtri.limits.previous import PreviousLimit
from jaxtri.limits.recast_limits import previous_limits
from jaxtri.limits.recast_points import VISIBLE_KINDS
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.standard_model import load_standard_model
from jaxtri.scans.record import Scan


def model_of(configuration: Mapping[str, Any]) -> GaugeModel:
    """The model of a scan, from its resolved configuration."""
    stored = configuration["model"]
    table = {"title": stored.get("title") or stored["name"], "charges": stored["charges"]}
    table |= {"neutrinos": stored.get("neutrinos", "chiral")}
    if table["neutrinos"] == "majorana":
        table |= {key: stored[key] for key in ("right_handed_neutrinos", "m_nu_R")}
    table |= {key: stored[key] for key in ("kinetic_mixing",) if key in stored}
    return load_model(table)


def with_grey(scan: Scan, choice: str) -> Scan:
    """Return a scan with the couplings that were excluded before, as figures and comparisons take them.

    Parameters
    ----------
    scan
        A scan, in memory or of a file.
    choice
        "table": those of the model's own table, as they are; "computed": every search of
        tables/dark_photon, recast to the charges and inputs of the scan; "visible": of these, those of
        visible decays alone; "none".
    """
    if choice == "table":
        return scan
    configuration = scan.header.configuration
    limits: tuple[PreviousLimit, ...] = ()
    if choice != "none":
        sm = load_standard_model(configuration.get("inputs"), unusual=True)
        found = previous_limits(model_of(configuration), sm=sm)
        kept = [one for one in found if choice == "computed" or one.kind in VISIBLE_KINDS]
        limits = tuple(piece for one in kept for piece in one.pieces)
    couplings = (
        sorted(configuration["model"]["charges"].items()),
        configuration["model"].get("kinetic_mixing"),
    )
    said = None if choice == "none" else f"{choice}: {couplings}"
    model = dict(configuration["model"]) | {"previous_limits": said, "computed_limits": limits}
    header = replace(scan.header, configuration=dict(configuration) | {"model": model})
    return replace(scan, header=header)
