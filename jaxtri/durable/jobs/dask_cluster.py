"""Executor on a Dask cluster (extra ``dask``): any Client, or local processes."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from logging import CRITICAL
from pathlib import Path
from typing import Any, NamedTuple

from jaxtri.durable.jobs.job import Done, Execute, Job
from jaxtri.durable.storage.tile_files import Blocks, write_tile
from jaxtri.durable.storage.tiling import NamedArrays, Plan
from jaxtri.errors import InputError, InterruptedScan, JaxtriError, StorageError

DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # Ctrl-C is for who called
PATIENCE_S = 300  # for the first worker, or after all have died for one that is started again
REVIVE_S = 15.0  # without a worker, after which those of a cluster of this process are started again
LOOK_S, TICK_S = 2.0, 0.1  # between looks for workers, and for tiles that are finished


class _Task(NamedTuple):
    """All that a worker needs of a job."""

    compute: Callable[[Plan, int], tuple[NamedArrays, Blocks]]
    start_worker: Callable[[], str]
    plan: Plan
    folder: str


def _run_tile(task: _Task, tile: int) -> tuple[int, int]:
    """Compute a tile in a worker; return its cells and bytes."""
    device = task.start_worker()
    counted = [0, 0]

    def count(cells: int, size: int) -> None:
        counted[0] += cells
        counted[1] += size

    columns, blocks = task.compute(task.plan, tile)
    write_tile(Path(task.folder), task.plan, tile, columns, blocks, device=device, report=count)
    return counted[0], counted[1]


@contextmanager
def client_of(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """Connect to a scheduler, or start local workers of one thread each.

    Raises
    ------
    InputError
        If the extra is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputError("--workers and --scheduler need Dask: pip install 'jaxtri[dask]'") from error
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="20s")
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(f"--scheduler {scheduler}: no scheduler answers ({error})") from error
        with client:
            yield client
        return
    local = LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=":0", preload=[DEAF], silence_logs=CRITICAL
    )  # any free port; what fails is said here
    client = Client(local)
    try:
        yield client
    finally:
        with suppress(KeyboardInterrupt):  # what was to be done is done, or said
            client.close()
            local.close()


def on_client(client: Any, report: Callable[[int, int], Any] = lambda cells, size: None) -> Execute:
    """Return an executor on a Dask client.

    Tiles of a worker that dies go to others; one that kills several workers is given up, and named; so are
    those that are left once there has been no worker for `PATIENCE_S`.

    Raises
    ------
    StorageError
        If a worker does not see the folder of the tile files.
    InterruptedScan
        If the scheduler is gone.
    """

    def execute(job: Job, tiles: list[int]) -> Iterator[Done]:
        try:
            yield from _computed(client, report, job, tiles)
        except JaxtriError:
            raise
        except OSError as error:  # as Dask calls it when nobody answers
            raise InterruptedScan(
                f"{job.output}: the Dask scheduler does not answer any more ({error}); finished tiles are "
                "kept; the same command resumes"
            ) from error

    return execute


def _computed(client: Any, report: Callable[[int, int], Any], job: Job, tiles: list[int]) -> Iterator[Done]:
    """Let workers compute tiles."""
    task = _Task(job.compute, job.start_worker, job.plan, str(job.folder.absolute()))
    if not _has_worker(client):
        yield from (Done(tile, f"no worker came within {PATIENCE_S} s") for tile in tiles)
        return
    seen = client.run(_sees, task.folder, on_error="ignore")  # a worker may just be dying
    blind = [address for address, there in seen.items() if not there]
    if blind:
        raise StorageError(
            f"{task.folder}: workers {', '.join(blind)} do not see it; use a file system that all share, "
            "or --part i/n"
        )
    shared = client.submit(_same, task, pure=False)  # scattered, it would be lost with the last worker
    futures = {client.submit(_run_tile, shared, tile, pure=False): tile for tile in tiles}
    for future in _finished(client, list(futures)):
        cancelled = future.status == "cancelled"
        error = f"no worker for {PATIENCE_S} s" if cancelled else future.exception()
        if isinstance(error, StorageError | InputError):
            client.cancel(list(futures))
            raise error
        if error is None:
            report(*future.result())
        said = error if cancelled or error is None else f"{type(error).__name__}: {error}"
        yield Done(futures[future], said)


def _finished(client: Any, futures: list[Any]) -> Iterator[Any]:
    """Futures as they finish; those that are left are cancelled when there has long been no worker."""
    from distributed import as_completed

    waiting, looked, seen, revived = as_completed(futures), 0.0, time.monotonic(), False
    while not waiting.is_empty():
        now = time.monotonic()
        if waiting.has_ready():
            yield next(waiting)
        elif now - looked < LOOK_S:
            time.sleep(TICK_S)
        else:
            looked = now
            if client.scheduler_info(n_workers=1)["n_workers"]:
                seen, revived = now, False
            elif now - seen > PATIENCE_S:
                client.cancel([one for one in futures if not one.done()])
            elif now - seen > REVIVE_S and not revived:
                revived = True
                _revive(client.cluster)


def _has_worker(client: Any) -> bool:
    """Wait for a worker; where none comes, some are started if that is for this process to do."""
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=min(REVIVE_S, PATIENCE_S))
        return True
    _revive(client.cluster)
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=PATIENCE_S)
        return True
    return False


def _revive(cluster: Any) -> None:
    """Start the workers that a cluster of this process has lost, beside what starts them: it may be stuck."""
    if cluster is None:
        return
    from distributed import Nanny

    async def begin() -> None:
        where, count = cluster.scheduler_address, len(cluster.worker_spec)
        await asyncio.gather(
            *(Nanny(where, nthreads=1, preload=[DEAF], silence_logs=CRITICAL) for _ in range(count))
        )

    with suppress(TimeoutError, OSError):
        cluster.sync(begin, callback_timeout=PATIENCE_S)


def _same(task: _Task) -> _Task:
    return task


def _sees(folder: str) -> bool:
    return Path(folder).is_dir()
