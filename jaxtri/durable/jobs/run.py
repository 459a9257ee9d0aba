"""A job carried to its end, through interruptions: tiles become shards, and shards the output.

A tile is computed anew unless its shard is there and whole, whoever wrote it; when all are in the output, it
gets its name and the folder goes.
"""

import os
from collections.abc import Callable, Collection, Mapping
from typing import Any

from jaxtri.durable.jobs.job import Execute, Job
from jaxtri.durable.storage.hdf5_writer import Output, output_in
from jaxtri.durable.storage.lock import sweep
from jaxtri.durable.storage.tile_records import finished_tiles
from jaxtri.durable.storage.tile_writer import Heap, clear, drop_outputs, drop_unnamed
from jaxtri.durable.storage.tiling import Plan
from jaxtri.errors import StorageError, UnresolvedError

SHOWN = 8  # tiles that a message lists
ROUNDS = 3  # of taking over what is there and computing the rest


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
    require_free(job, force)
    sweep(job.folder)
    drop_unnamed(job.folder, every)
    drop_outputs(job.folder)
    with output_in(job.folder, job.plan, job.write_head) as output:
        for attempt in range(ROUNDS):
            done = output.take([job.folder])
            if attempt == 0:
                found(job.plan.cells_of(done))
            if len(done) == len(every):
                break
            _compute(job, execute, sorted(set(every) - done), output)
        else:
            raise StorageError(f"{job.folder}: shards are damaged again and again; is the disk sound?")
        finish(job, output, force=force)
    clear(job.folder)
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
    sweep(job.folder)
    drop_unnamed(job.folder, tiles)
    done = finished_tiles(job.folder, job.plan, tiles)
    found(job.plan.cells_of(done))
    _compute(job, execute, sorted(set(tiles) - done), None)
    return f"{job.output}: this part's {len(tiles)} of {job.plan.count} tiles are there; next: jaxtri merge"


def _compute(job: Job, execute: Execute, tiles: list[int], into: Heap | None) -> None:
    """Compute tiles, and those that fail once more.

    Raises
    ------
    UnresolvedError
        If some fail again.
    """
    failed: dict[int, str] = {}
    for attempt in range(2):
        again = sorted(failed) if attempt else tiles
        for tile, error in execute(job, again, into) if again else ():
            if error is None:
                failed.pop(tile, None)
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


def require_free(job: Job, force: bool) -> None:
    """Raise, before tiles are computed, where an output appeared since that was last looked at."""
    if os.path.lexists(job.output) and not force:
        raise StorageError(f"{job.output}: appeared meanwhile; nothing was overwritten")


def finish(job: Job, output: Output, *, force: bool) -> None:
    """Give the output its name."""
    sweep(job.output.parent, job.output.name)
    output.finish(job.output, job.write_tail, job.identity["versions"], replace=force)
