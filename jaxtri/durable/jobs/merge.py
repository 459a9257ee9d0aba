"""Merge: tiles of a job array, in one folder or many, become the output."""

from pathlib import Path

from jaxtri.durable.jobs.job import Job, adopted, make_folder
from jaxtri.durable.jobs.run import SHOWN, output_of
from jaxtri.durable.storage.lock import owned, refuse_living
from jaxtri.durable.storage.tile_files import tiles_there
from jaxtri.errors import InputError


def join(job: Job, others: list[Path], *, force: bool = False, break_lock: bool = False) -> None:
    """Make the output of the tiles in its own folder, which is removed, and in others, which stay.

    Raises
    ------
    InputError
        If a tile is in none of the folders, or its file is damaged or of another scan.
    StorageError
        If the output cannot be written, or another process writes it.
    """
    job, folders = adopted(job, others)
    every = set(range(job.plan.count))
    refuse_living(job.folder, break_lock=break_lock)  # before a tile is missed that is just being computed
    _require_none(job, every.difference(*map(tiles_there, folders)), "are missing")
    make_folder(job)
    with owned(job.folder, break_lock=break_lock), output_of(job, force=force) as output:
        for folder in folders:
            wanted = tiles_there(folder).intersection(output.missing)
            output.take(folder, wanted, own=folder == job.folder)
        _require_none(job, set(output.missing), "are damaged")


def _require_none(job: Job, tiles: set[int], what: str) -> None:
    if tiles:
        shown = ", ".join(map(str, sorted(tiles)[:SHOWN])) + (", ..." if len(tiles) > SHOWN else "")
        raise InputError(
            f"{job.output}: {len(tiles)} of {job.plan.count} tiles {what}: {shown}; "
            "run jaxtri scan --part i/n again for their parts, i = tile mod n + 1"
        )
