"""The commands that compute grids: `run`, `scan`, `merge`, and `info` on what they made or are making."""

import argparse
import sys
from pathlib import Path

from jaxtri.cli import text as texts
from jaxtri.durable.jobs.job import PLAN, Job, check_same, parts_of, read_plan
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.jobs.run import join
from jaxtri.durable.jobs.status import progress_of
from jaxtri.durable.storage.lock import owners
from jaxtri.durable.storage.tile_records import tiles_there
from jaxtri.errors import InputError, StorageError
from jaxtri.figures import comparison, figure
from jaxtri.io import hdf5_scan
from jaxtri.io.write_scan import (
    check_options,
    check_space,
    client_for,
    jobs_of,
    named_outputs,
    outputs_in,
    run_all,
    tiles_of,
)
from jaxtri.scans.spec import Spec, load_spec, load_specs

CELLS_PER_SECOND = 1e6  # all arrays of a cell, compressed and written, on two cores; for --dry-run
REDUCED_PER_SECOND = 2e7  # where no array of every search or channel is stored
START_UP_S = 15.0  # imports, compilation, boundaries and figure
FOR_FIGURE = (*figure.PLOTTED, "excluded")


def run(arguments: argparse.Namespace) -> str:
    """Scan, then draw the figure."""
    spec = load_spec(arguments.spec)
    _require_drawable(spec)
    outputs = outputs_in((spec,), arguments.output)
    stem = (Path(arguments.output) if arguments.output else Path()) / spec.name
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in figure.FORMATS]
    said, written = _scan((spec,), jobs_of((spec,), outputs), arguments, pictures)
    if said:
        return said
    scans = {one.name: hdf5_scan.open_scan(outputs[spec.model.name, one.name]) for one in spec.treatments}
    palette = arguments.palette or spec.figure.palette
    drawn = figure.draw_scans(scans, title=spec.figure.title or spec.title, palette=palette)
    fingerprint = " ".join(scan.header.fingerprint for scan in scans.values())
    figure.save(drawn, stem, fingerprint=fingerprint, only=written)
    return "\n".join(["wrote " + ", ".join(map(str, written)), comparison.table(scans)])


def scan(arguments: argparse.Namespace) -> str:
    """Compute the arrays only."""
    specs = load_specs(arguments.spec)
    outputs = named_outputs(specs, arguments.output)
    said, _ = _scan(specs, jobs_of(specs, outputs), arguments, [])
    return said or "wrote " + ", ".join(map(str, outputs.values()))


def merge(arguments: argparse.Namespace) -> str:
    """Join the shards of a job array."""
    specs = load_specs(arguments.spec)
    outputs = named_outputs(specs, arguments.output)
    every = jobs_of(specs, outputs)
    jobs = left_to_do(every, force=arguments.force, break_lock=arguments.break_lock, any_versions=True)
    if not jobs:
        return _there(every, list(outputs.values()))
    check_space(jobs, [job.output for job in jobs], force=arguments.force)
    extra = [Path(name) for name in arguments.folders]
    for folder in extra:
        if not folder.is_dir():
            raise StorageError(f"{folder}: no such folder; give folders that hold shards")
    for job in jobs:
        others = [one for folder in extra for one in (folder, *sorted(folder.glob("*.parts")))]
        join(job, others, force=arguments.force, break_lock=arguments.break_lock)
    return "wrote " + ", ".join(map(str, outputs.values()))


def info(arguments: argparse.Namespace) -> str:
    """What a scan file holds, or how far a scan is."""
    path = Path(arguments.file)
    inside = sorted(path.glob("*.parts")) if path.is_dir() and not (path / PLAN).exists() else []
    if inside:
        return "\n".join(texts.progress_text(progress_of(one), owners(one)) for one in inside)
    folder = path if path.is_dir() else parts_of(path)
    if folder.is_dir() and not path.is_file():
        return texts.progress_text(progress_of(folder), owners(folder))
    text = texts.info_text(hdf5_scan.open_scan(path))
    if read_plan(folder) is not None:
        text += "\nbeing replaced by:\n" + texts.progress_text(progress_of(folder), owners(folder))
    return text


def _scan(
    specs: tuple[Spec, ...], jobs: list[Job], arguments: argparse.Namespace, pictures: list[Path]
) -> tuple[str, list[Path]]:
    """Compute and write every output.

    Returns
    -------
    tuple
        What is to be said if that is not what was wanted, or needed; and the files that are written, with
        the pictures, which are left to who asked for them.
    """
    paths = [*(job.output for job in jobs), *pictures]
    workers, part = check_options(jobs, memory=arguments.memory, shard=arguments.shard)
    left = left_to_do(
        jobs, force=arguments.force, break_lock=arguments.break_lock, clear_up=not arguments.dry_run
    )
    to_write = [path for path in pictures if left or not path.exists()]
    if not left and (part or not to_write):
        return _there(jobs, paths), []
    written = [*(job.output for job in left), *to_write]
    check_space(left, written, force=arguments.force, part=part)
    for job in left:
        check_same(job, force=arguments.force)
    if arguments.dry_run:
        made = [job.folder for job in left] if part else written
        return _plan_text(specs, left, made, part), []
    with client_for(arguments.workers, arguments.scheduler) as client:
        if not arguments.quiet:  # said before any work: which model, and what its anomalies mean
            sys.stderr.writelines(f"{texts.model_of(spec)}\n" for spec in specs)
        said = run_all(
            left,
            client=client,
            workers=workers,
            part=part,
            force=arguments.force,
            quiet=arguments.quiet,
            break_lock=arguments.break_lock,
        )
    return "\n".join(said) if part else "", written


def _there(jobs: list[Job], paths: list[Path]) -> str:
    """What is said where nothing is left to do."""
    said = f"{', '.join(map(str, paths))}: there already, of this very scan; --force makes it anew"
    kept = [str(job.folder) for job in jobs if tiles_there(job.folder)]
    return said + (f"\nleft alone, of a run to replace it: {', '.join(kept)}" if kept else "")


def _require_drawable(spec: Spec) -> None:
    """Raise where the figure, of the (m_X, g_X) plane, cannot be drawn from what a scan stores."""
    if spec.axes:
        names = ", ".join(one.name for one in spec.axes)
        raise InputError(
            f"{spec.name}: run draws the (m_X, g_X) plane, and this scan has the axes {names} besides; "
            "use jaxtri scan, then jaxtri plot --at"
        )
    lacking = [name for name in FOR_FIGURE if name not in spec.arrays]
    if lacking:
        raise InputError(
            f"{spec.name}: run draws {', '.join(lacking)}; add them to arrays, or use jaxtri scan"
        )


def _plan_text(
    specs: tuple[Spec, ...], jobs: list[Job], paths: list[Path], part: tuple[int, int] | None
) -> str:
    """What would be done, for --dry-run."""
    spec, cells, there, tiles, raw, disk = specs[0], 0, 0, 0, 0.0, 0.0
    for job in jobs:
        mine = tiles_of(part, job.plan)
        here = job.plan.cells_of(mine)
        there += job.plan.cells_of(tiles_there(job.folder) & set(mine))
        cells, tiles = cells + here, tiles + len(mine)
        raw, disk = raw + job.plan.bytes_of(here) / 1e6, disk + hdf5_scan.size_on_disk(job.plan, here) / 1e6
    fast = "log10_ratio" not in spec.arrays and "log10_br" not in spec.arrays
    seconds = START_UP_S + (cells - there) / (REDUCED_PER_SECOND if fast else CELLS_PER_SECOND)
    shape, names = " x ".join(map(str, spec.sizes.values())), ", ".join(spec.sizes)
    models = f"{len(specs)} models, " if len(specs) > 1 else ""
    treatments = _number(len(spec.treatments), "treatment")
    searches = _number(len(spec.searches.labels), "search", "es")
    which = f"part {part[0]} of {part[1]}: " if part else ""
    already = f", {there} of them there already" if there else ""
    return (
        f"{shape} points ({names}), {models}{treatments}, {searches}: {which}{cells} cells{already}, "
        f"{raw:.0f} MB before compression, at most about {disk:.0f} MB on disk, about {seconds:.0f} s, "
        f"{_number(tiles, 'tile')}\nwould write " + ", ".join(map(str, paths))
    )


def _number(count: int, noun: str, plural: str = "s") -> str:
    return f"{count} {noun}{'' if count == 1 else plural}"
