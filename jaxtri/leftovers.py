"""Scans that are there already: the same command again does what is left, which may be nothing."""

from jaxtri.errors import JaxtriError
from jaxtri.jobs import Job, kept
from jaxtri.owner import owned, owners
from jaxtri.shards import clear
from jaxtri.store import open_scan


def left_to_do(jobs: list[Job], *, force: bool, break_lock: bool = False) -> list[Job]:
    """Return the jobs whose output, of this very scan, is not there yet; with ``force``, all of them.

    The folder of one that is there goes: its run was stopped between the two.

    Raises
    ------
    StorageError
        If another process has just taken such a folder.
    """
    left = []
    for job in jobs:
        if force or not _is_there(job):
            left.append(job)
        elif job.folder.exists():
            with owned(job.folder, break_lock=break_lock):
                clear(job.folder)
    return left


def _is_there(job: Job) -> bool:
    """Whether the output is there, of this very scan, and nobody is replacing it."""
    if not job.output.is_file() or any(one.is_alive is not False for one in owners(job.folder)):
        return False
    try:
        one = open_scan(job.output).header
    except JaxtriError:
        return False
    now = job.header
    return one.fingerprint == now.fingerprint and kept(one.versions) == kept(now.versions)
