"""Stand-ins for `cluster.run_tile`: tiles of random numbers, one of which is poisonous.  Without JAX."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

from jaxtri.durable.storage.tile_writer import write_shard
from made_up_job import SIZES, made_up_job

LARGER = {**SIZES, "g_X": 24}  # eight tiles
POISON = 5
PAUSE_S = 2.0  # one that dies as soon as it has started is not started again


def task_of(job):
    """Stand in for `cluster.task_of`."""
    return SimpleNamespace(folder=str(job.folder))


def harmless(task, tile):
    """Write a tile; return its cells and bytes, as `cluster.run_tile`."""
    job = made_up_job(Path(task.folder).parent, sizes=LARGER)
    write_shard(Path(task.folder), job.plan, tile, *job.compute(job.plan, tile))
    return 1, 1


def raising(task, tile):
    """Write a tile, unless it is the one that fails."""
    if tile == POISON:
        raise FloatingPointError("a poisonous tile")
    return harmless(task, tile)


def killing(task, tile):
    """Write a tile, unless it is the one that takes its process with it."""
    if tile == POISON:
        time.sleep(PAUSE_S)
        os.kill(os.getpid(), signal.SIGKILL)
    return harmless(task, tile)


def slow(task, tile):
    """Write a tile, in a while."""
    time.sleep(PAUSE_S)
    return harmless(task, tile)
