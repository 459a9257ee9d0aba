"""Scans that were stopped when all but the clearing up was done, or between two of their outputs."""

from jaxtri.errors import JaxtriError
from jaxtri.jobs import Job, kept, parts_of
from jaxtri.owner import owners
from jaxtri.shards import clear
from jaxtri.store import open_scan


def left_to_do(jobs: list[Job], *, force: bool, stopped: bool = False) -> list[Job]:
    """Return the jobs whose output is still to be made; all of them where no run was stopped before its end.

    That may have been after an output appeared and before its folder went, which is removed, or, as
    ``stopped`` says, before something that is made of the outputs.
    """
    done = set() if force else {job.output for job in jobs if _is_there(job)}
    stopped = stopped or len(done) < len(jobs) or any(job.folder.exists() for job in jobs)
    for output in done:
        clear(parts_of(output))
    return [job for job in jobs if job.output not in done] if stopped else jobs


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
