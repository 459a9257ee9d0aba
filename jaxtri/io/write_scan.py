"""The one way to write scans: what a command of a scan file would do is checked, then done.

The command line and the functions for Python, `write_scan` and `merge_scans`, share all of it.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtri.durable.jobs.job import Execute, Job, check_same, prepare
from jaxtri.durable.jobs.memory import parse, workers_within
from jaxtri.durable.jobs.merge import join
from jaxtri.durable.jobs.progress import Progress
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.jobs.run import run_job, run_part
from jaxtri.durable.jobs.threads import in_threads
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tile_files import tiles_there
from jaxtri.durable.storage.tiling import parse_part, tiles_of
from jaxtri.errors import InputError, StorageError
from jaxtri.io.file_names import Outputs, named_outputs
from jaxtri.io.hdf5_scan import check_outputs, size_on_disk
from jaxtri.io.scan_jobs import jobs_of
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.threads import cores
from jaxtri.scans.spec import Spec, load_specs


def write_scan(
    source: str | Path | Mapping[str, Any],
    output: str | Path | None = None,
    *,
    client: Any = None,
    memory: str | int = "1GiB",
    force: bool = False,
    part: str | None = None,
    shard: str | None = None,
    break_lock: bool = False,
    quiet: bool = True,
) -> list[Path]:
    """Run a scan to HDF5 files, whatever its size; called again after an interruption, it resumes.

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
        Memory that this process may take, as "1GiB", or in bytes.
    force
        Replace existing files, and what an interrupted run of another scan left.
    part
        "i/n": only part i of n of the tiles; `merge_scans` makes the file of all parts.
    shard
        An older name of ``part``.
    break_lock
        Go on even if a process of another host owns the output.
    quiet
        Show no progress.

    Returns
    -------
    list
        The files; with ``part`` they are not there yet.

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
    if part is not None and shard is not None:
        raise InputError("shard is an older name of part; give one of them")
    part = shard if part is None else part
    specs = load_specs(source)
    outputs = named_outputs(specs, None if output is None else str(output))
    work = checked(specs, outputs, memory=memory, part=part, force=force, break_lock=break_lock)
    run_all(work, client=client, quiet=quiet)
    return list(outputs.values())


def merge_scans(
    source: str | Path | Mapping[str, Any],
    folders: Iterable[str | Path] = (),
    output: str | Path | None = None,
    *,
    force: bool = False,
    break_lock: bool = False,
) -> list[Path]:
    """Make the finished files of the parts that `write_scan` computed; a file that is complete stays.

    Parameters
    ----------
    source
        The scan file that the parts were computed with.
    folders
        Further folders that hold tiles of it, or ``.parts`` folders of such; they stay as they are.
    output
        As in `write_scan`; the folders ``<output>.parts`` are merged too.
    force
        Replace existing files.
    break_lock
        Even if a process of another host owns the output.

    Returns
    -------
    list
        The files.

    Raises
    ------
    InputError
        If tiles are missing, damaged or of another scan.
    StorageError
        If a file cannot be written, or another process writes it.
    """
    require_x64()
    specs = load_specs(source)
    outputs = named_outputs(specs, None if output is None else str(output))
    merge_all(specs, outputs, map(Path, folders), force=force, break_lock=break_lock)
    return list(outputs.values())


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be done, checked."""

    specs: tuple[Spec, ...]
    jobs: list[Job]  # one an output
    left: list[Job]  # those whose output is not complete
    pictures: list[Path]  # to be drawn besides
    workers: int  # tiles worked on at a time
    part: tuple[int, int] | None  # of the tiles; None: all
    force: bool
    break_lock: bool

    @property
    def files(self) -> list[Path]:
        """Files that are written."""
        return [*(job.output for job in self.left), *self.pictures]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.left and (self.part is not None or not self.pictures)


def checked(
    specs: tuple[Spec, ...],
    outputs: Outputs,
    *,
    memory: str | int,
    part: str | None = None,
    force: bool = False,
    break_lock: bool = False,
    pictures: Sequence[Path] = (),
    clear_up: bool = True,
) -> Work:
    """Check everything that can be checked before any work, and return what is left to do.

    Parameters
    ----------
    specs, outputs
        The scans, and the file of each model and treatment.
    memory, part, force, break_lock
        As in `write_scan`.
    pictures
        Files that will be drawn besides; those that exist are left, where no scan is computed again.
    clear_up
        Remove what stopped runs left beside outputs that are complete.

    Raises
    ------
    InputError
        If an option is wrong, or a folder holds tiles of another scan.
    StorageError
        If an output exists and is another scan, or cannot be written, or space is short.
    """
    jobs = jobs_of(specs, outputs)
    workers = workers_within(parse(memory), [job.plan for job in jobs], cores())
    wanted = None if part is None else parse_part(part)
    left = left_to_do(jobs, force=force, break_lock=break_lock, clear_up=clear_up)
    work = Work(
        specs=specs,
        jobs=jobs,
        left=left,
        pictures=[path for path in pictures if left or not path.exists()],
        workers=workers,
        part=wanted,
        force=force,
        break_lock=break_lock,
    )
    if not work.is_done:
        check_space(left, work.files, force=force, part=wanted)
    for job in left:
        check_same(job, force=force)
    return work


def run_all(work: Work, *, client: Any = None, quiet: bool = True) -> list[str]:
    """Run the jobs that are left, one after the other; return what was done."""
    said = []
    for job in work.left:
        job = prepare(job, force=work.force, break_lock=work.break_lock)
        mine = tiles_of(work.part, job.plan)
        with (
            owned(job.folder, part=work.part, break_lock=work.break_lock),
            Progress(job.output.stem, job.plan.cells_of(mine), quiet=quiet) as progress,
        ):
            execute = progress.counting(_executor(client, work.workers, progress.update))
            if work.part is None:
                said.append(run_job(job, execute, force=work.force, found=progress.found))
            else:
                said.append(run_part(job, execute, mine, found=progress.found))
    return said


def merge_all(
    specs: tuple[Spec, ...], outputs: Outputs, folders: Iterable[Path], *, force: bool, break_lock: bool
) -> list[Job]:
    """Merge the outputs that are not complete; return their jobs."""
    jobs = left_to_do(jobs_of(specs, outputs), force=force, break_lock=break_lock, any_versions=True)
    check_outputs([job.output for job in jobs], _size_of(jobs), force=force)
    others = []
    for folder in folders if jobs else ():
        if not os.path.isdir(folder):
            raise StorageError(f"{folder}: no such folder; give folders that hold tiles")
        others += [folder, *sorted(folder.glob("*.parts"))]
    for job in jobs:
        join(job, others, force=force, break_lock=break_lock)
    return jobs


def client_for(workers: int | None, scheduler: str | None) -> AbstractContextManager[Any]:
    """A Dask client, or None where neither is asked for."""
    if workers is None and scheduler is None:
        return nullcontext()
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers}: give 1 or more")
    from jaxtri.durable.jobs.dask_cluster import client_of

    return client_of(workers, scheduler)


def _executor(client: Any, workers: int, report: Callable[[int, int], Any]) -> Execute:
    if client is None:
        return in_threads(workers, report)
    from jaxtri.durable.jobs.dask_cluster import on_client

    return on_client(client, report)


def check_space(
    jobs: list[Job], paths: list[Path], *, force: bool, part: tuple[int, int] | None = None
) -> None:
    """Raise before any work where outputs and tile files, or a part of these, could not be written.

    Tile files go once their output is complete, before those of the next output are written.
    """
    tiles = []
    for job in jobs:
        missing = set(tiles_of(part, job.plan)) - tiles_there(job.folder)
        tiles.append(size_on_disk(job.plan, job.plan.cells_of(missing)))
    needed = sum(tiles) if part else _size_of(jobs) + max(tiles, default=0)
    check_outputs(paths, needed, force=force)


def _size_of(jobs: list[Job]) -> int:
    """Size of outputs on disk, about [bytes]."""
    return sum(size_on_disk(job.plan) for job in jobs)
