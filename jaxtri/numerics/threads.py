"""Cores and threads: chunks of work side by side in one process."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


WORKERS = min(8, cores())  # threads; more of them wait for each other's Python


def padded(values: Any, length: int) -> Any:
    """An array with its last entry repeated along the first axis: one compilation serves all lengths."""
    return np.pad(values, [(0, length - len(values)), *[(0, 0)] * (np.ndim(values) - 1)], mode="edge")


def over_chunks(function: Callable[[slice], None], count: int, size: int) -> None:
    """Call a function on every chunk, of so many entries, of an array."""
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(function, [slice(start, start + size) for start in range(0, count, size)]))
