"""Files that are complete or absent: written under another name, on disk before they get their own."""

import io
import os
import re
import secrets
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jaxtri.errors import StorageError

STRETCH = 2**21  # bytes; below 1 MiB the calls cost more than the waiting that they save
UNFINISHED = re.compile(r"\.(.+)\.[0-9a-f]{16}\.part")


def part_of(path: Path) -> Path:
    """Name, new at every call, under which a file is written until it is complete; in the same folder."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


@contextmanager
def new_file(path: Path, *, replace: bool = True) -> Iterator[io.FileIO]:
    """Write a file; at the end of the context it is on disk and gets its name.

    Parameters
    ----------
    path
        Its name.
    replace
        Whether a file of that name is replaced.

    Raises
    ------
    StorageError
        If it cannot be written, or the name is taken and ``replace`` is false.  After this and any other
        error nothing is left of it, and what was there before is as it was.
    """
    part = part_of(path)
    try:
        with storing(path):
            raw = part.open("xb+", buffering=0)
        with raw:
            yield raw
            with storing(path):
                os.fsync(raw.fileno())
        with storing(path):
            if not replace and os.path.lexists(path):
                raise StorageError(f"{path}: appeared meanwhile; nothing was overwritten")
            os.replace(part, path)
            sync(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once; errors are those of `new_file`."""
    with storing(path), new_file(path) as raw:
        write_at(raw, 0, content)


def write_at(raw: io.FileIO, address: int, data: Any) -> None:
    """Write to a file, which may take less at a time than it is given.

    The system is told when a stretch of the file can go to disk, so that it does so while more is computed,
    and not all at once when the file is synchronised; nor does a large scan fill the page cache.
    """
    left, place = memoryview(data).cast("B"), address
    while left:
        written = os.pwrite(raw.fileno(), left, place)
        left, place = left[written:], place + written
    first, last = address - address % STRETCH, place - place % STRETCH
    if last > first and hasattr(os, "posix_fadvise"):
        os.posix_fadvise(raw.fileno(), first, last - first, os.POSIX_FADV_DONTNEED)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path, names: Container[str]) -> None:
    """Remove what killed processes left of files of these names; only for who alone writes such files."""
    for path in listed(folder, ".", ".part"):
        found = UNFINISHED.fullmatch(path.name)
        if found and found[1] in names:
            with suppress(OSError):  # it is in nobody's way
                path.unlink()


def listed(folder: Path, start: str = "", end: str = "") -> list[Path]:
    """Return the files of a folder whose names start and end so; none if there is no folder.

    Raises
    ------
    StorageError
        If it cannot be listed: `Path.glob` would say that there are none.
    """
    try:
        with reading(folder):
            names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if name.startswith(start) and name.endswith(end)]


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what the system says into a `StorageError` that names the file."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        reason = os.strerror(error.errno) if error.errno else str(error)[:80]
        raise StorageError(f"{path}: cannot be written ({reason})") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell a file that cannot be read, perhaps only now, from one that is damaged, or gone."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read ({error.strerror}); what it holds is kept for the next run; "
            "if it can never be read again, remove it"
        ) from error
