"""A job carried to its end, through interruptions: tiles become tile files, and these the output.

A tile is computed unless its file is there and sound, whoever wrote it.  As soon as it is finished it is
copied into the output, while others are computed.  When all are copied the output gets its name, and the
folder goes.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jaxtri.durable.jobs.job import Execute, Job
from jaxtri.durable.storage.atomic_files import storing, sweep
from jaxtri.durable.storage.hdf5_writer import Output, new_output
from jaxtri.durable.storage.tile_files import clear, finished_tiles, tile_path, tiles_there
from jaxtri.durable.storage.tiling import Plan
from jaxtri.errors import StorageError, UnresolvedError

SHOWN = 8  # tiles that a message lists
ROUNDS = 3  # of copying what is there and computing the rest


def run_job(
    job: Job,
    execute: Execute,
    *,
    force: bool = False,
    found: Callable[[int], Any] = lambda cells: None,
) -> str:
    """Compute what is missing of a job, and make its output.

    Parameters
    ----------
    job
        From `prepare`, its folder owned by this process as a whole.
    execute
        Executor.
    force
        Replace an existing output.
    found
        Called with the cells that were there already.

    Returns
    -------
    str
        What was done.

    Raises
    ------
    UnresolvedError
        If tiles failed, by their names; everything else is kept.
    """
    every = range(job.plan.count)
    sweep_tiles(job, every)
    job.aside()
    with output_of(job, force=force) as output:
        output.take(job.folder, tiles_there(job.folder).intersection(every))
        found(job.plan.cells - job.plan.cells_of(output.missing))
        for _ in range(ROUNDS):
            if output.missing:
                _compute(job, execute, output.missing, lambda tile: output.take(job.folder, [tile]))
        if output.missing:
            raise StorageError(f"{job.folder}: tile files are damaged again and again; is the disk sound?")
    return f"wrote {job.output}"


def run_part(
    job: Job, execute: Execute, tiles: Collection[int], *, found: Callable[[int], Any] = lambda cells: None
) -> str:
    """Compute what is missing of some tiles, which nobody else computes; `join` makes the output of all.

    Raises
    ------
    UnresolvedError
        If tiles failed, by their names; everything else is kept.
    """
    sweep_tiles(job, tiles)
    done = finished_tiles(job.folder, job.plan, tiles)
    found(job.plan.cells_of(done))
    _compute(job, execute, sorted(set(tiles) - done))
    return f"{job.output}: this part's {len(tiles)} of {job.plan.count} tiles are there; next: jaxtri merge"


def sweep_tiles(job: Job, tiles: Collection[int]) -> None:
    """Remove what killed processes left of some tiles."""
    sweep(job.folder, {tile_path(job.folder, tile).name for tile in tiles})


def _compute(
    job: Job, execute: Execute, tiles: list[int], finished: Callable[[int], Any] = lambda tile: None
) -> None:
    """Compute tiles, and those that fail once more; each that is finished is told.

    Raises
    ------
    UnresolvedError
        If some fail again.
    """
    failed: dict[int, str] = {}
    for attempt in range(2):
        again = sorted(failed) if attempt else tiles
        for tile, error in execute(job, again) if again else ():
            if error is None:
                failed.pop(tile, None)
                finished(tile)
            else:
                failed[tile] = error
    if failed:
        raise UnresolvedError(_failure(job, failed))


def _failure(job: Job, failed: Mapping[int, str]) -> str:
    lines = [f"  tile {tile}, {place(job.plan, tile)}: {why}" for tile, why in list(failed.items())[:SHOWN]]
    more = [f"  and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    return "\n".join(
        [f"{job.output}: {len(failed)} of {job.plan.count} tiles failed, the others are kept", *lines, *more]
    )


def place(plan: Plan, tile: int) -> str:
    """Say which nodes of each axis a tile holds."""
    return ", ".join(
        f"{name} {first}..{last - 1}" for name, (first, last) in zip(plan.sizes, plan.box(tile), strict=True)
    )


@contextmanager
def output_of(job: Job, *, force: bool) -> Iterator[Output]:
    """Assemble the output of a job; at the end of the context it gets its name, then the folder goes.

    Raises
    ------
    StorageError
        If the output is there and is not to be replaced, or cannot be written.
    """
    if os.path.lexists(job.output) and not force:
        raise StorageError(f"{job.output}: appeared meanwhile; nothing was overwritten")
    sweep(job.output.parent, {job.output.name})
    versions = job.identity["versions"]
    with new_output(job.output, job.plan, job.write_head, job.write_tail, versions, replace=force) as output:
        yield output
        with storing(job.folder):
            job.copied_into(output.inode).touch()
    clear(job.folder)
