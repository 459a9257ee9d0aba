"""Progress of long work: rate, time left, what failed."""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm


def progress(name: str, total: int, unit: str, *, quiet: bool = False) -> Any:
    """Bar with rate and remaining time; a line every 10 s where there is no terminal."""
    return tqdm(
        total=total,
        desc=name,
        unit=unit,
        unit_scale=True,
        file=sys.stderr,
        disable=quiet,
        mininterval=0.1 if sys.stderr.isatty() else 10,
    )


class Progress:
    """Progress of a scan: cells and bytes a second, time left, tiles that failed.

    Without a terminal: a line for every tenth.
    """

    def __init__(self, name: str, cells: int, *, quiet: bool = False) -> None:
        self._name, self._cells = name, cells
        self._size, self._failed, self._retried, self._said = 0, 0, 0, 0
        self._plain = not quiet and not sys.stderr.isatty()
        self._lock = threading.Lock()
        self._bar = progress(name, cells, "cell", quiet=quiet or self._plain)
        self._start = time.monotonic()
        self._there = self._computed = 0
        self._warm: tuple[float, int] | None = None  # when kernels were compiled, and cells until then

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Leave the last line."""
        self._bar.close()

    def found(self, cells: int) -> None:
        """Count cells that an earlier run computed."""
        self._bar.update(cells - self._there)
        self._bar.unpause()
        self._there = cells
        if cells and self._plain:
            sys.stderr.write(f"{self._name}: {cells} of {self._cells} cells are there already\n")

    def update(self, cells: int, size: int) -> None:
        """Count cells and their bytes; called from any thread."""
        with self._lock:
            self._computed += cells
            self._warm = self._warm or (time.monotonic(), self._computed)
            self._size += size
            self._bar.update(cells)
            self._bar.set_postfix_str(self._postfix(), refresh=False)
            if self._plain:
                self._say()

    def counting(self, execute: Any) -> Any:
        """Count the tiles of an executor that failed, and those that were tried again."""

        def counted(job: Any, tiles: list[int]) -> Iterator[Any]:
            self._retried += self._failed and len(tiles)
            self._failed = 0
            for done in execute(job, tiles):
                self._failed += done.error is not None
                yield done

        return counted

    def _postfix(self) -> str:
        rate = self._size / max(time.monotonic() - self._start, 1e-3)
        failed = f", {self._failed} tiles failed" if self._failed else ""
        retried = f", {self._retried} retried" if self._retried else ""
        return f"{rate / 1e6:.0f} MB/s{failed}{retried}"

    def _say(self) -> None:
        """Write a line for every further tenth."""
        done = self._there + self._computed
        tenth = 10 * done // max(self._cells, 1)
        if tenth > self._said:
            self._said = tenth
            seconds = time.monotonic() - self._start
            rate = self._computed / max(seconds, 1e-3)
            sys.stderr.write(
                f"{self._name}: {done} of {self._cells} cells, {rate / 1e6:.3g} Mcell/s, "
                f"{self._postfix()}, {self._left(self._cells - done, rate):.0f} s left\n"
            )
            sys.stderr.flush()

    def _left(self, cells: int, rate: float) -> float:
        """Seconds that so many cells take, as fast as since the kernels were compiled."""
        since, before = self._warm or (self._start, 0)
        if self._computed > before:
            rate = (self._computed - before) / max(time.monotonic() - since, 1e-3)
        return cells / rate
