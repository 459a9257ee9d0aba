"""The grey of a figure: which couplings were excluded before, from the model's table or by computation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jaxtri.limits.previous import PreviousLimit
from jaxtri.limits.recast_limits import previous_limits
from jaxtri.limits.recast_points import GROUP, VISIBLE_KINDS
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


def with_grey(scan: Scan, choice: str | None = None) -> Scan:
    """Return a scan with the couplings that were excluded before, as figures and comparisons take them.

    Parameters
    ----------
    scan
        A scan, in memory or of a file.
    choice
        None: what the recast searches of the scan exclude, if it has any, else as "table";
        "table": those of the model's own table, as they are; "computed": every search of
        tables/dark_photon, recast to the charges and inputs of the scan; "visible": of these, those of
        visible decays alone; "none".
    """
    own = _of_scan(scan) if choice is None else ()
    if choice == "table" or (choice is None and not own):
        return scan
    configuration, limits = scan.header.configuration, own
    if choice in ("computed", "visible"):
        sm = load_standard_model(configuration.get("inputs"), unusual=True)
        found = previous_limits(model_of(configuration), sm=sm)
        kept = [one for one in found if choice == "computed" or one.kind in VISIBLE_KINDS]
        limits = tuple(piece for one in kept for piece in one.pieces)
    couplings = (
        sorted(configuration["model"]["charges"].items()),
        configuration["model"].get("kinetic_mixing"),
    )
    said = None if choice == "none" else f"{choice or [one.search for one in own]}: {couplings}"
    model = dict(configuration["model"]) | {"previous_limits": said, "computed_limits": limits}
    header = replace(scan.header, configuration=dict(configuration) | {"model": model})
    return replace(scan, header=header)


def _of_scan(scan: Scan) -> tuple[PreviousLimit, ...]:
    """What the recast searches of a scan exclude, read off its exact regions."""
    if scan.boundaries is None:
        return ()
    known = {one["name"]: one for one in scan.header.searches if one["channel"][0] == GROUP}
    return tuple(
        PreviousLimit(one.search, known[one.search]["experiment"], known[one.search]["reference"], *one.edges)
        for one in scan.boundaries.regions
        if one.search in known
    )
