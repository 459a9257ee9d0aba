"""The commands that compute grids: `run`, `scan`, `merge`, and `info` on what they made or are making."""

import argparse
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import jax

from jaxtri import figure, report, store, summary
from jaxtri.boundary import boundaries
from jaxtri.curves import Boundaries
from jaxtri.errors import InputError, StorageError
from jaxtri.executors import in_threads
from jaxtri.jobs import Job, join, parts_of, prepare, progress_of, run_job
from jaxtri.memory import parse, workers_within
from jaxtri.owner import owned, owners
from jaxtri.plan import Plan, shard_of
from jaxtri.provenance import header, plan_of
from jaxtri.spec import Spec, load_spec, load_specs
from jaxtri.tiles import compute_tile
from jaxtri.treatment import Treatment

CELLS_PER_SECOND = 1e6  # all arrays of a cell, compressed and written, on two cores; for --dry-run
REDUCED_PER_SECOND = 1e7  # cells, where no array of every search is stored
START_UP_S = 15.0  # imports, compilation, boundaries and figure
FOR_FIGURE = ("log10_ratio", "status", "excluded")


def run(arguments: argparse.Namespace) -> str:
    """Scan, then draw the figure."""
    spec = load_spec(arguments.spec)
    _require_drawable(spec)
    outputs = _outputs((spec,), arguments.output)
    stem = (Path(arguments.output) if arguments.output else Path()) / spec.name
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in figure.FORMATS]
    said = _scan((spec,), outputs, arguments, pictures)
    if arguments.dry_run or arguments.shard:
        return said
    scans = {one.name: store.open_scan(outputs[spec.model.name, one.name]) for one in spec.treatments}
    palette = arguments.palette or spec.figure.palette
    drawn = figure.draw_scans(scans, title=spec.figure.title or spec.title, palette=palette)
    saved = figure.save(drawn, stem, fingerprint=" ".join(scan.header.fingerprint for scan in scans.values()))
    return "\n".join(["wrote " + ", ".join(map(str, [*outputs.values(), *saved])), summary.table(scans)])


def scan(arguments: argparse.Namespace) -> str:
    """Compute the arrays only."""
    specs = load_specs(arguments.spec)
    return _scan(specs, _named_outputs(specs, arguments.output), arguments, [])


def merge(arguments: argparse.Namespace) -> str:
    """Join the shards of a job array."""
    specs = load_specs(arguments.spec)
    outputs = _named_outputs(specs, arguments.output)
    if not arguments.force:
        store.check_outputs(list(outputs.values()), 0, force=False)
    extra = [Path(name) for name in arguments.folders]
    for folder in extra:
        if not folder.is_dir():
            raise StorageError(f"{folder}: no such folder; give folders that hold shards")
    for job in _jobs(specs, outputs):
        job = prepare(job)
        with owned(job.folder, break_lock=arguments.break_lock):
            folders = [job.folder, *(one for folder in extra for one in (folder, folder / job.folder.name))]
            join(job, folders, force=arguments.force)
    return "wrote " + ", ".join(map(str, outputs.values()))


def info(arguments: argparse.Namespace) -> str:
    """What a scan file holds, or how far a scan is."""
    path = Path(arguments.file)
    folder = path if path.is_dir() else parts_of(path)
    if folder.is_dir() and not path.is_file():
        return report.progress_text(progress_of(folder), owners(folder))
    text = report.info_text(store.open_scan(path))
    if folder.is_dir():
        text += "\nbeing replaced by:\n" + report.progress_text(progress_of(folder), owners(folder))
    return text


def _scan(
    specs: tuple[Spec, ...],
    outputs: dict[tuple[str, str], Path],
    arguments: argparse.Namespace,
    pictures: list[Path],
) -> str:
    """Compute and write every output."""
    shard = shard_of(arguments.shard) if arguments.shard else None
    jobs = _jobs(specs, outputs)
    paths = [*outputs.values(), *pictures]
    if arguments.dry_run:
        return _plan_text(specs, jobs, paths)
    workers = workers_within(parse(arguments.memory), [job.plan for job in jobs])
    needed = sum(2 * store.size_on_disk(job.plan) for job in jobs)
    store.check_outputs(paths, needed, force=arguments.force)
    if not arguments.quiet:
        sys.stderr.writelines(f"{report.model_of(spec)}\n" for spec in specs)
    said = []
    with ExitStack() as stack:
        client = _client(stack, arguments)
        for job in jobs:
            job = prepare(job, force=arguments.force)
            with owned(job.folder, shard=shard, break_lock=arguments.break_lock):
                said.append(_one(job, client, workers, shard, arguments))
    return "\n".join(said)


def _one(
    job: Job, client: Any, workers: int, shard: tuple[int, int] | None, arguments: argparse.Namespace
) -> str:
    """Compute and write one output, with progress."""
    with report.Progress(job.header.treatment, job.plan.cells, quiet=arguments.quiet) as progress:
        if client is None:
            execute = in_threads(workers, progress.update)
        else:
            from jaxtri.cluster import on_client

            execute = on_client(client, progress.update)
        return run_job(
            job,
            progress.counting(execute),
            tiles=(lambda tile: True) if shard is None else (lambda tile: tile % shard[1] == shard[0] - 1),
            force=arguments.force,
            finish=shard is None,
            found=progress.found,
        )


def _client(stack: ExitStack, arguments: argparse.Namespace) -> Any:
    """A Dask client, if one is asked for."""
    if arguments.workers is None and arguments.scheduler is None:
        return None
    from jaxtri.cluster import client_of

    return stack.enter_context(client_of(arguments.workers, arguments.scheduler))


def _jobs(specs: tuple[Spec, ...], outputs: dict[tuple[str, str], Path]) -> list[Job]:
    """One job an output."""
    jobs = []
    for spec in specs:
        traced: list[dict[str, Boundaries]] = []
        for one in spec.treatments:
            jobs.append(
                Job(
                    output=outputs[spec.model.name, one.name],
                    plan=plan_of(spec, one),
                    header=header(spec, one),
                    compute=partial(_compute, spec, one),
                    boundaries=partial(_boundaries, spec, one.name, traced),
                    source=(spec, one),
                )
            )
    return jobs


def _compute(spec: Spec, treatment: Treatment, plan: Plan, tile: int) -> Any:
    devices = jax.local_devices()
    return compute_tile(spec, treatment, plan, tile, device=devices[tile % len(devices)])


def _boundaries(spec: Spec, treatment: str, traced: list[dict[str, Boundaries]]) -> Boundaries | None:
    """Curves of one treatment; those of all are traced together, once."""
    if spec.axes:
        return None
    if not traced:
        traced.append(boundaries(spec))
    return traced[0][treatment]


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


def _outputs(specs: tuple[Spec, ...], folder: str | None) -> dict[tuple[str, str], Path]:
    """One file a model and treatment, named after the scan file, in the working directory or a folder."""
    where = Path(folder) if folder else Path()
    if folder and not where.is_dir():
        raise StorageError(f"{folder}: no such folder; make it first, or leave -o out")
    several = len(specs) > 1
    return {
        (spec.model.name, one.name): where
        / "_".join([spec.name, *([spec.model.name] if several else []), f"{one.name}.h5"])
        for spec in specs
        for one in spec.treatments
    }


def _named_outputs(specs: tuple[Spec, ...], output: str | None) -> dict[tuple[str, str], Path]:
    """The file named by -o for one model and treatment, the folder named by -o for several."""
    count = len(specs) * len(specs[0].treatments)
    if output is None or Path(output).is_dir():
        return _outputs(specs, output)
    if count > 1:
        raise InputError(
            f"-o {output}: {count} models or treatments make one file each; name an existing folder"
        )
    return {(specs[0].model.name, specs[0].treatments[0].name): Path(output)}


def _plan_text(specs: tuple[Spec, ...], jobs: list[Job], paths: list[Path]) -> str:
    """What would be done, for --dry-run."""
    spec = specs[0]
    cells = sum(job.plan.cells for job in jobs)
    fast = "log10_ratio" not in spec.arrays and "log10_br" not in spec.arrays
    seconds = START_UP_S + cells / (REDUCED_PER_SECOND if fast else CELLS_PER_SECOND)
    raw = sum(job.plan.bytes_of(job.plan.cells) for job in jobs) / 1e6
    disk = sum(store.size_on_disk(job.plan) for job in jobs) / 1e6
    shape = " x ".join(str(size) for size in spec.sizes.values())
    return (
        f"{shape} points ({', '.join(spec.sizes)}), {len(specs)} models, {len(spec.treatments)} treatments, "
        f"{len(spec.searches.labels)} searches: {cells} cells, {raw:.0f} MB before compression, "
        f"at most about {disk:.0f} MB on disk, about {seconds:.0f} s, "
        f"{sum(job.plan.count for job in jobs)} tiles\nwould write " + ", ".join(map(str, paths))
    )
