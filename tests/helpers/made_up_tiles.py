"""Jobs of random numbers whose tiles can be sent to workers, and one of which is poisonous.  Without JAX."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from made_up_job import SIZES, made_up_job

LARGER = {**SIZES, "g_X": 24}  # eight tiles
POISON = 5
PAUSE_S = 2.0  # one that dies as soon as it has started is not started again


def sent_job(folder, compute, sizes=LARGER):
    """Return a job whose tiles a function of this module computes: it can be pickled."""
    return replace(made_up_job(Path(folder), sizes=sizes), compute=compute)


def harmless(plan, tile):
    """Compute a tile."""
    return made_up_job(Path(), sizes=LARGER).compute(plan, tile)


def raising(plan, tile):
    """Compute a tile, unless it is the one that fails."""
    if tile == POISON:
        raise FloatingPointError("a poisonous tile")
    return harmless(plan, tile)


def killing(plan, tile):
    """Compute a tile, unless it is the one that takes its process with it."""
    if tile == POISON:
        time.sleep(PAUSE_S)
        os.kill(os.getpid(), signal.SIGKILL)
    return harmless(plan, tile)


def slow(plan, tile):
    """Compute a tile, in a while."""
    time.sleep(PAUSE_S)
    return harmless(plan, tile)
