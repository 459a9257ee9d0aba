"""Scans that are there already: the same command again does what is left, which may be nothing."""

import os
from contextlib import suppress

from jaxtri.durable.jobs.job import Job, changes
from jaxtri.durable.storage.atomic_files import sweep
from jaxtri.durable.storage.lock import owned, refuse_living
from jaxtri.durable.storage.tile_files import clear, tiles_there
from jaxtri.errors import StorageError


def left_to_do(
    jobs: list[Job],
    *,
    force: bool,
    break_lock: bool = False,
    any_versions: bool = False,
    clear_up: bool = True,
) -> list[Job]:
    """Return the jobs whose output, of this very scan, is not there yet; with ``force``, all of them.

    The folder of one that is there goes if its run was stopped between the two; not if it holds tiles of a
    run that is to replace it.

    Parameters
    ----------
    jobs
        One an output.
    force
        Outputs are made again.
    break_lock
        Owners of other hosts are gone.
    any_versions
        Whether an output of other versions of jaxtri or JAX will do, as for who merges.
    clear_up
        Remove such folders.

    Raises
    ------
    StorageError
        If an output is there, of another scan, or another process is replacing it, or may be.
    """
    left = []
    for job in jobs:
        if force or not _is_there(job, any_versions=any_versions):
            left.append(job)
        elif clear_up:
            refuse_living(job.folder, break_lock=break_lock)
            with suppress(StorageError):  # another process has just taken it, or nobody may write here
                _clear_up(job, break_lock=break_lock)
    return left


def _clear_up(job: Job, *, break_lock: bool) -> None:
    """Remove what is left of a run that was stopped after its output had its name."""
    if os.path.isdir(job.folder):
        with owned(job.folder, break_lock=break_lock):
            sweep(job.output.parent, {job.output.name})
            made_from_here = job.copied_into(os.stat(job.output).st_ino).exists()
            if made_from_here or not tiles_there(job.folder):
                clear(job.folder)


def _is_there(job: Job, *, any_versions: bool) -> bool:
    """Whether the output is there, of this very scan."""
    if not os.path.isfile(job.output):
        return False
    then = job.identity_of(job.output)
    if then is None:
        return False
    same_versions = any_versions or then["versions"] == job.identity["versions"]
    if then["axes"] == job.identity["axes"] and same_versions:
        return True
    raise StorageError(
        f"{job.output}: exists, of another scan; choose another output or pass --force to replace it. "
        + changes(job, then)
    )
