"""The commands that compute grids: `run`, `scan`, `merge`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jaxtri.cli import text as texts
from jaxtri.durable.jobs.job import parts_of
from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.durable.storage.tile_files import tiles_there
from jaxtri.errors import InputError
from jaxtri.figures import comparison, figure, maps, page, sheet
from jaxtri.figures.plane import PLOTTED
from jaxtri.figures.selection import chosen
from jaxtri.io import hdf5_scan
from jaxtri.io.estimate import estimate_text
from jaxtri.io.file_names import Outputs, named_outputs, outputs_in
from jaxtri.io.write_scan import Work, checked, client_for, merge_all, run_all
from jaxtri.scans.grey import with_grey
from jaxtri.scans.spec import Spec, load_spec, load_specs


def run(arguments: argparse.Namespace) -> str:
    """Scan, then draw the figure."""
    spec = load_spec(arguments.spec)
    _require_drawable(spec)
    sheet.require_title(spec.figure.title or spec.title)
    outputs = outputs_in((spec,), arguments.output)
    stem = (Path(arguments.output) if arguments.output else Path()) / spec.name
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in sheet.FORMATS]
    if spec.figure.html:
        page.require_library()
        pictures.append(stem.with_name(f"{stem.name}.html"))
    work = _checked((spec,), outputs, arguments, pictures)
    said = _computed(work, arguments, pictures)
    if said:
        return said
    scans = {
        one.name: with_grey(hdf5_scan.open_scan(outputs[spec.model.name, one.name]), spec.figure.previous)
        for one in spec.treatments
    }
    look = spec.figure.model_copy(update={"palette": arguments.palette or spec.figure.palette})
    shown, title = chosen(scans, look.searches, look.treatments), look.title or spec.title
    draw = maps.draw_further if spec.axes else figure.draw_scans
    drawn = draw(shown, title=title, look=look)
    fingerprint = " ".join(scan.header.fingerprint for scan in scans.values())
    sheet.save(drawn, stem, fingerprint=fingerprint, only=work.files)
    if spec.figure.html and pictures[-1] in work.files:
        write_whole(pictures[-1], page.page_of(shown, title=title, look=look).encode())
    said = "wrote " + ", ".join(map(str, work.files))
    return said if spec.axes else f"{said}\n{comparison.compare(scans)}"


def scan(arguments: argparse.Namespace) -> str:
    """Compute the arrays only."""
    specs = load_specs(arguments.spec)
    outputs = named_outputs(specs, arguments.output)
    work = _checked(specs, outputs, arguments)
    return _computed(work, arguments) or "wrote " + ", ".join(map(str, outputs.values()))


def merge(arguments: argparse.Namespace) -> str:
    """Merge the parts of a job array."""
    specs = load_specs(arguments.spec)
    outputs = named_outputs(specs, arguments.output)
    folders = map(Path, arguments.folders)
    done = merge_all(specs, outputs, folders, force=arguments.force, break_lock=arguments.break_lock)
    if not done:
        return _complete(list(outputs.values()))
    return "wrote " + ", ".join(map(str, outputs.values()))


def _checked(
    specs: tuple[Spec, ...], outputs: Outputs, arguments: argparse.Namespace, pictures: Sequence[Path] = ()
) -> Work:
    """Check a scan with the options of the command."""
    return checked(
        specs,
        outputs,
        memory=arguments.memory,
        part=arguments.part,
        force=arguments.force,
        break_lock=arguments.break_lock,
        pictures=pictures,
        clear_up=not arguments.dry_run,
    )


def _computed(work: Work, arguments: argparse.Namespace, pictures: Sequence[Path] = ()) -> str:
    """Do the work; return what is to be said where the outputs are not newly written by it."""
    if work.is_done:
        return _complete([*(job.output for job in work.jobs), *pictures])
    if arguments.dry_run:
        return estimate_text(work)
    with client_for(arguments.workers, arguments.scheduler) as client:
        if not arguments.quiet:  # said before any work: which model, and what its anomalies mean
            sys.stderr.writelines(f"{texts.model_of(spec)}\n" for spec in work.specs)
        said = run_all(work, client=client, quiet=arguments.quiet)
    return "\n".join(said) if work.part else ""


def _complete(paths: list[Path]) -> str:
    """What is said where nothing is left to do."""
    said = f"{', '.join(map(str, paths))}: already complete; use --force to recompute"
    kept = [str(parts_of(path)) for path in paths if tiles_there(parts_of(path))]
    return said + (f"\nleft alone, tiles of a run to replace it: {', '.join(kept)}" if kept else "")


def _require_drawable(spec: Spec) -> None:
    """Raise where the figure, a plane or a map, cannot be drawn from what a scan stores."""
    if spec.axes:
        joint = [one.name for one in spec.axes if one.joint]
        maps.require_drawable(spec.name, spec.sizes, joint, spec.arrays, spec.figure)
        return
    lacking = [name for name in PLOTTED if name not in spec.arrays]
    if lacking and not spec.traces_curves:
        raise InputError(
            f"{spec.name}: run draws curves, or {' and '.join(lacking)}; leave curves out of the scan file, "
            "add these to arrays, or use jaxtri scan"
        )
