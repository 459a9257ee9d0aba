"""The command `validate`: published limits beside those in use, as text, JSON and pictures."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from jaxtri.cli import text as texts
from jaxtri.errors import InputError, StorageError
from jaxtri.figures.sheet import FORMATS, save
from jaxtri.figures.validation import draw_sheet, draw_validation, shown
from jaxtri.io.hdf5_scan import check_outputs
from jaxtri.limits.search_tables import chosen_tables
from jaxtri.limits.validation import validate as validation_of
from jaxtri.limits.validation_record import Validation

LEFT_OUT = ("label", "m_X", "tau_ps", "limit")  # of JSON, which says of the label what decides
KINDS = {
    "number": "one number at every mass: nothing is interpolated",
    "mass": "a curve of the mass",
    "mass and lifetime": "a curve of mass and lifetime",
}


def validate(arguments: argparse.Namespace) -> str:
    """Compare every search that is named, or of a set; draw them."""
    names = list(dict.fromkeys(arguments.searches))
    if not names and arguments.set is None:
        raise InputError(
            "validate: name a search, or give --set printed, corrected, 2026 or binned for all of one"
        )
    whole = [] if names else [f"searches_{arguments.set}"]
    names = names or list(chosen_tables(arguments.set)[1])
    folder = None if arguments.output is None else Path(arguments.output)
    if folder is not None:
        if not folder.is_dir():
            raise StorageError(f"{folder}: no such folder; make it first")
        stems = [folder / Path(name).stem for name in (*names, *whole)]
        check_outputs(
            [stem.with_name(f"{stem.name}.{one}") for stem in stems for one in FORMATS],
            0,
            force=arguments.force,
        )
    found = [validation_of(name, set_name=arguments.set) for name in names]
    text = json.dumps([_json(one) for one in found], indent=1) if arguments.json else _text(found)
    if folder is not None:
        written = [path for one in found for path in save(draw_validation(one), folder / one.search)]
        for name in whole:
            title = f"the searches of the set {arguments.set}, at up to five lifetimes from dark to light"
            written += save(draw_sheet(found, title=title), folder / name)
        text += "" if arguments.json else f"\nwrote {len(written)} pictures to {folder}"
    return text


def _json(found: Validation) -> object:
    """A record without its arrays."""
    said = {key: value for key, value in dataclasses.asdict(found).items() if key not in LEFT_OUT}
    label = found.label
    said |= {"confidence": label.confidence, "reference": label.reference, "locator": label.locator}
    return texts.plain(said)


def _text(found: Sequence[Validation]) -> str:
    """The answer for a reader."""
    return "\n".join(line for one in found for line in _lines(one))


def _lines(found: Validation) -> list[str]:
    """What is known of one search."""
    label = found.label
    level = f"{100 * label.confidence:g} % CL" if label.confidence else "central value"
    lines = [
        f"{found.search} (set {found.set_name}): {KINDS[found.kind]}",
        f"  BR({label.channel}) P({label.final_state}), {level}, {label.reference}; {label.locator}",
        f"  masses {found.window[0]:g} to {found.window[1]:g} GeV; without data: {_ranges(found)}",
    ]
    if found.kind == "number":
        return [*lines, f"  limit {label.limit:.4g}"]
    if found.factor != 1:
        lines.append(f"  published limits are on {found.factor:.4g} of the signal; below they are over that")
    lines += [f"  {_at(found, k)}" for k in shown(found)]
    lines.append(
        f"  {found.places} places, points and middles: {found.masked} without a limit, "
        f"{found.disagreements} where publication and interpolation disagree on that"
        + (f"; {found.unused} published numbers are in no cell with four corners" if found.unused else "")
    )
    lines.append(
        f"  largest |ln(interpolated / published)|: {found.at_nodes:.1g} at points, "
        f"{found.at_midpoints:.1g} half way between (mean of ln of the corners)"
    )
    if len(found.tau_ps):
        ends = f"below {found.tau_ps[0]:.4g} ps {found.below}, above {found.tau_ps[-1]:.4g} ps {found.above}"
        lines.append(f"  {ends}: |ln| {found.beyond:.1g}")
    return lines


def _ranges(found: Validation) -> str:
    """Holes and vetoes."""
    holes = [f"{low:g}-{high:g}" for low, high in found.holes]
    vetoes = [f"{low:.4g}-{high:.4g} (veto)" for low, high in found.vetoes]
    return ", ".join([*holes, *vetoes]) or "none"


def _at(found: Validation, k: int) -> str:
    """One lifetime of a table."""
    one = found.lifetimes[k]
    where = "at any lifetime" if one.tau_ps is None else f"at {one.tau_ps:.4g} ps"
    best = "no limit" if one.smallest is None else f"from {one.smallest:.4g} at {one.m_X:.4g} GeV"
    return f"{where}: {best}; |ln| {one.at_nodes:.1g} at points, {one.at_midpoints:.1g} between"
