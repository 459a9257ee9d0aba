"""The commands that compute grids: `run`, `scan`, `merge`, and `info` on what they made or are making."""

import argparse
import sys
from pathlib import Path

from jaxtri.cli import text as texts
from jaxtri.durable.jobs.job import Job, check_same
from jaxtri.durable.jobs.merge import join
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.storage.tile_records import tiles_there
from jaxtri.errors import InputError, StorageError
from jaxtri.figures import comparison, figure
from jaxtri.io import hdf5_scan
from jaxtri.io.estimate import _plan_text
from jaxtri.io.file_names import named_outputs, outputs_in
from jaxtri.io.write_scan import check_options, check_space, client_for, jobs_of, run_all
from jaxtri.scans.spec import Spec, load_spec, load_specs

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
