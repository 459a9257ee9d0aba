"""Cores and threads: chunks of work side by side in one process."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import numpy as np

T = TypeVar("T")


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


WORKERS = min(8, cores())  # threads; more of them wait for each other's Python


class InBackground(Generic[T]):
    """A value that is computed once, in a thread of its own: begun early, waited for where it is needed."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function, self._lock = function, threading.Lock()
        self._future: Future[T] | None = None

    def begin(self) -> Future[T]:
        """Begin to compute, unless that has been done."""
        with self._lock:
            if self._future is None:
                pool = ThreadPoolExecutor(1)
                self._future = pool.submit(self._function)
                pool.shutdown(wait=False)
            return self._future

    def __call__(self) -> T:
        """Return the value, or raise what computing it raised."""
        return self.begin().result()


def padded(values: Any, length: int) -> Any:
    """An array with its last entry repeated along the first axis: one compilation serves all lengths."""
    return np.pad(values, [(0, length - len(values)), *[(0, 0)] * (np.ndim(values) - 1)], mode="edge")


def over_chunks(function: Callable[[slice], None], count: int, size: int) -> None:
    """Call a function on every chunk, of so many entries, of an array."""
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(function, [slice(start, start + size) for start in range(0, count, size)]))
