"""Executors in this process: threads that each take a tile from computing to disk."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, wait
from contextlib import nullcontext
from typing import Any

from jaxtri.durable.jobs.job import Done, Execute, Job
from jaxtri.durable.storage.tile_files import Blocks, write_tile
from jaxtri.errors import StorageError

TICK = 0.2  # s between looks; a signal is seen then
AHEAD = 2  # tiles submitted, for each worker


def in_threads(workers: int, report: Callable[[int, int], Any] = lambda cells, size: None) -> Execute:
    """Return an executor of so many threads; each computes, packs and writes a tile of its own.

    While one packs another computes: both leave Python's lock.

    Parameters
    ----------
    workers
        Number of threads.
    report
        Called with cells and bytes as they are written.
    """

    def execute(job: Job, tiles: list[int]) -> Iterator[Done]:
        stopped = threading.Event()  # tiles in hand are dropped: a few seconds of work
        with ThreadPoolExecutor(workers) as pool:
            try:
                yield from _execute(job, tiles, pool, workers, stopped, report)
            except BaseException:
                stopped.set()
                raise

    return execute


def _until(stopped: threading.Event, blocks: Blocks) -> Blocks:
    for block in blocks:
        if stopped.is_set():
            raise CancelledError
        yield block


def _execute(
    job: Job,
    tiles: list[int],
    pool: ThreadPoolExecutor,
    workers: int,
    stopped: threading.Event,
    report: Callable[[int, int], Any],
) -> Iterator[Done]:
    starting, started = threading.Lock(), threading.Event()

    def one(tile: int) -> None:
        with nullcontext() if started.is_set() else starting:  # kernels are compiled once, by one thread
            if stopped.is_set():
                raise CancelledError
            columns, blocks = job.compute(job.plan, tile)
            first = list(itertools.islice(blocks, 1))
            started.set()
        rest = _until(stopped, itertools.chain(first, blocks))
        write_tile(job.folder, job.plan, tile, columns, rest, device=job.device, report=report)

    upcoming = iter(tiles)  # few are submitted at a time: what waits is looked at again and again
    waiting = {pool.submit(one, tile): tile for tile in itertools.islice(upcoming, AHEAD * workers)}
    while waiting:
        finished, _ = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
        for future in finished:
            tile, error = waiting.pop(future), future.exception()
            waiting |= {pool.submit(one, new): new for new in itertools.islice(upcoming, 1)}
            if isinstance(error, StorageError):
                raise error
            yield Done(tile, None if error is None else f"{type(error).__name__}: {error}")
