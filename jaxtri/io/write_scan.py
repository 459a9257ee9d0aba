"""All the outputs of a scan file: one job for each model and treatment, run one after the other."""

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import jax

from jaxtri.boundary.record import Boundaries
from jaxtri.durable.jobs.job import Execute, Job, check_same, prepare
from jaxtri.durable.jobs.memory import parse, workers_within
from jaxtri.durable.jobs.progress import Progress
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.jobs.run import run_job, run_part
from jaxtri.durable.jobs.threads import in_threads
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tile_writer import bytes_apart
from jaxtri.durable.storage.tiling import Plan, shard_of
from jaxtri.errors import InputError
from jaxtri.io.file_names import Outputs, named_outputs
from jaxtri.io.hdf5_scan import check_outputs, size_on_disk
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.scans.in_memory import boundaries
from jaxtri.scans.provenance import header, plan_of
from jaxtri.scans.spec import Spec, load_specs
from jaxtri.scans.tiles import Buffers, compute_tile


def write_scan(
    source: str | Path | Mapping[str, Any],
    output: str | Path | None = None,
    *,
    client: Any = None,
    memory: str = "1GiB",
    force: bool = False,
    shard: str | None = None,
    quiet: bool = True,
) -> list[Path]:
    """Run a scan to HDF5 files, whatever its size; called again after an interruption, it goes on.

    Parameters
    ----------
    source
        A scan file, or its content as nested dictionaries.
    output
        File for one model and treatment, existing folder for several; by default the working directory.
    client
        A ``distributed.Client`` whose workers compute the tiles (extra ``dask``); by default threads of this
        process do.
    memory
        Memory that this process may take, as "1GiB".
    force
        Replace existing files, and what an interrupted run of another scan left.
    shard
        "i/n": only part i of n of the tiles; `jaxtri merge` joins them.
    quiet
        Show no progress.

    Returns
    -------
    list
        The files; with ``shard`` they are not there yet.

    Raises
    ------
    InputError
        For everything that is wrong with the scan, before anything is computed.
    StorageError
        If a file cannot be written, or another process writes it.
    UnresolvedError
        If tiles failed twice; all others are kept.
    """
    require_x64()
    if client is not None and not hasattr(client, "submit"):
        raise InputError(f"client = {client!r}: give a distributed.Client")
    specs = load_specs(source)
    outputs = named_outputs(specs, None if output is None else str(output))
    every = jobs_of(specs, outputs)
    workers, part = check_options(every, memory=memory, shard=shard)
    jobs = left_to_do(every, force=force)
    check_space(jobs, [job.output for job in jobs], force=force, part=part)
    for job in jobs:
        check_same(job, force=force)
    run_all(jobs, client=client, workers=workers, part=part, force=force, quiet=quiet)
    return list(outputs.values())


def run_all(
    jobs: list[Job],
    *,
    client: Any,
    workers: int,
    part: tuple[int, int] | None,
    force: bool,
    quiet: bool,
    break_lock: bool = False,
) -> list[str]:
    """Run jobs one after the other; return what was done."""
    said = []
    for job in jobs:
        job = prepare(job, force=force, break_lock=break_lock)
        mine = tiles_of(part, job.plan)
        with (
            owned(job.folder, shard=part, break_lock=break_lock),
            Progress(job.output.stem, job.plan.cells_of(mine), quiet=quiet) as progress,
        ):
            execute = progress.counting(_executor(client, workers, progress.update))
            if part is None:
                said.append(run_job(job, execute, force=force, found=progress.found))
            else:
                said.append(run_part(job, execute, mine, found=progress.found))
    return said


def check_options(jobs: list[Job], *, memory: str, shard: str | None) -> tuple[int, tuple[int, int] | None]:
    """Return how many tiles may be worked on at a time, and which part of the tiles is wanted."""
    return workers_within(parse(memory), [job.plan for job in jobs]), shard_of(shard) if shard else None


def _executor(client: Any, workers: int, report: Callable[[int, int], Any]) -> Execute:
    if client is None:
        return in_threads(workers, report)
    from jaxtri.durable.jobs.dask_cluster import on_client

    return on_client(client, report)


def tiles_of(part: tuple[int, int] | None, plan: Plan) -> range:
    """Return the tiles of part i of n, or all."""
    first, step = (part[0] - 1, part[1]) if part else (0, 1)
    return range(first, plan.count, step)


def client_for(workers: int | None, scheduler: str | None) -> AbstractContextManager[Any]:
    """A Dask client, or None where neither is asked for."""
    if workers is None and scheduler is None:
        return nullcontext()
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers}: give 1 or more")
    from jaxtri.durable.jobs.dask_cluster import client_of

    return client_of(workers, scheduler)


def check_space(
    jobs: list[Job], paths: list[Path], *, force: bool, part: tuple[int, int] | None = None
) -> None:
    """Raise before any work where an output, or a part of its tiles, could not be written.

    What an output in the making holds is copied, and needs its space once more; what tiles hold of their own
    goes as it is copied.
    """
    needed = 0
    for job in jobs:
        mine = tiles_of(part, job.plan)
        size = size_on_disk(job.plan, job.plan.cells_of(mine))
        needed += max(0, size - bytes_apart(job.folder, set(mine)))
    check_outputs(paths, needed, force=force)


def jobs_of(specs: tuple[Spec, ...], outputs: Outputs) -> list[Job]:
    """One job an output."""
    jobs = []
    for spec in specs:
        traced = functools.cache(partial(boundaries, spec))  # of all treatments together, once
        for one in spec.treatments:
            top = header(spec, one)
            spare: dict[Any, list[Buffers]] = {device: [] for device in jax.local_devices()}
            jobs.append(
                Job(
                    output=outputs[spec.model.name, one.name],
                    plan=plan_of(top),
                    header=top,
                    compute=partial(_compute, spec, one, spare),
                    boundaries=partial(_boundaries, spec, one.name, traced),
                    source=(spec, one),
                )
            )
    return jobs


def _compute(spec: Spec, treatment: Treatment, spare: dict[Any, list[Buffers]], plan: Plan, tile: int) -> Any:
    """Tiles go round all local devices."""
    device = list(spare)[tile % len(spare)]
    return compute_tile(spec, treatment, plan, tile, device=device, spare=spare[device])


def _boundaries(spec: Spec, treatment: str, traced: Callable[[], dict[str, Boundaries]]) -> Boundaries | None:
    """Curves of one treatment, where a scan has them."""
    return traced()[treatment] if spec.traces_curves else None
