"""Executors in this process: threads that each take a tile from computing to disk."""

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from jaxtri.durable.jobs.job import Done, Execute, Job
from jaxtri.durable.storage.tile_writer import Blocks, Heap, write_shard
from jaxtri.errors import InterruptedScan, StorageError

TICK = 0.2  # s between looks at a signal
AHEAD = 2  # tiles submitted, for each worker


class _Stop:
    """What the workers are asked to do: nothing, to take no new tile, or to drop the one in hand."""

    def __init__(self) -> None:
        self.taking = threading.Event()
        self.dropping = threading.Event()

    def watched(self, blocks: Blocks) -> Blocks:
        """Blocks until they are to be dropped."""
        for block in blocks:
            if self.dropping.is_set():
                raise CancelledError
            yield block


@contextmanager
def _stopped_by_sigterm() -> Iterator[_Stop]:
    """Turn SIGTERM into: finish the tiles in hand, take no new one."""
    stop = _Stop()

    def note(number: int, frame: FrameType | None) -> None:
        stop.taking.set()

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, note) if in_main else None
    try:
        yield stop
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, before)


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

    def execute(job: Job, tiles: list[int], into: Heap | None) -> Iterator[Done]:
        with _stopped_by_sigterm() as stop, ThreadPoolExecutor(workers) as pool:
            try:
                yield from _execute(job, tiles, into, pool, workers, stop, report)
            except BaseException:
                stop.taking.set()
                stop.dropping.set()
                raise

    return execute


def _execute(
    job: Job,
    tiles: list[int],
    into: Heap | None,
    pool: ThreadPoolExecutor,
    workers: int,
    stop: _Stop,
    report: Callable[[int, int], Any],
) -> Iterator[Done]:
    starting, started = threading.Lock(), threading.Event()

    def one(tile: int) -> None:
        with nullcontext() if started.is_set() else starting:  # kernels are compiled once, by one thread
            if stop.taking.is_set():
                raise CancelledError
            columns, blocks = job.compute(job.plan, tile)
            first = list(itertools.islice(blocks, 1))
            started.set()
        rest = stop.watched(itertools.chain(first, blocks))
        device = str(job.header.versions.get("device", ""))
        write_shard(job.folder, job.plan, tile, columns, rest, into=into, device=device, report=report)

    upcoming = iter(tiles)  # few are submitted at a time: what waits is looked at again and again
    waiting = {pool.submit(one, tile): tile for tile in itertools.islice(upcoming, AHEAD * workers)}
    while waiting:
        finished, _ = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
        for future in finished:
            tile, error = waiting.pop(future), future.exception()
            waiting |= {pool.submit(one, new): new for new in itertools.islice(upcoming, 1)}
            if isinstance(error, StorageError):
                raise error
            if isinstance(error, CancelledError):
                continue
            yield Done(tile, None if error is None else f"{type(error).__name__}: {error}")
    if stop.taking.is_set():
        raise InterruptedScan(f"{job.output}: stopped; finished tiles are kept, the same command goes on")
