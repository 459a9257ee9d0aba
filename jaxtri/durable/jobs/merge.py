"""Merge: tiles of a job array, in one folder or many, become the output."""

from pathlib import Path

from jaxtri.durable.jobs.job import Job, adopted, prepare
from jaxtri.durable.jobs.run import SHOWN, finish, require_free
from jaxtri.durable.storage.hdf5_writer import output_in
from jaxtri.durable.storage.lock import owned, refuse_living
from jaxtri.durable.storage.tile_records import tiles_there
from jaxtri.durable.storage.tile_writer import clear
from jaxtri.errors import InputError


def join(job: Job, others: list[Path], *, force: bool = False, break_lock: bool = False) -> None:
    """Make the output of the shards in its own folder, which is removed, and in others, which stay.

    Raises
    ------
    InputError
        If a tile is in none of the folders, or its shard is damaged or of another scan.
    StorageError
        If the output cannot be written, or another process writes it.
    """
    job, folders = adopted(job, others)
    every = set(range(job.plan.count))
    refuse_living(job.folder, break_lock=break_lock)  # before a tile is missed that is just being computed
    _require_none(job, every.difference(*map(tiles_there, folders)), "are missing")
    job = prepare(job)
    with owned(job.folder, break_lock=break_lock):
        require_free(job, force)
        with output_in(job.folder, job.plan, job.write_head) as output:
            _require_none(job, every - output.take(folders), "are damaged")
            finish(job, output, force=force)
        clear(job.folder)


def _require_none(job: Job, tiles: set[int], what: str) -> None:
    if tiles:
        shown = ", ".join(map(str, sorted(tiles)[:SHOWN])) + (", ..." if len(tiles) > SHOWN else "")
        raise InputError(
            f"{job.output}: {len(tiles)} of {job.plan.count} tiles {what}: {shown}; "
            "run jaxtri scan --shard i/n again for their parts, i = tile mod n + 1"
        )
