"""Files that are complete or absent: written under another name, on disk before they get their own."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jaxtri.durable.storage.process_identity import Process, this_process
from jaxtri.errors import StorageError

STRETCH = 2**21  # bytes; below 1 MiB the calls cost more than the waiting that they save


def part_of(path: Path) -> Path:
    """Name under which this process writes a file until it is complete."""
    return path.with_name(f".{path.name}.{this_process().tag}.part")


def new_data(folder: Path, name: str) -> io.FileIO:
    """Open a new file for chunks, of this process alone; its name begins with the one that is given."""
    number = 0
    while True:
        path = folder / f"{name}.{this_process().tag}.{number}.data"
        try:
            return path.open("xb+", buffering=0)
        except FileExistsError:  # of another thread, or of an earlier run in this process
            number += 1


def maker_of(path: Path) -> tuple[str, Process] | None:
    """Name and process of a file of this host, from `part_of` or `new_data`; None of any other."""
    here = this_process()
    place = re.escape(f"{here.host}.{here.namespace}")
    match = re.fullmatch(rf"\.?(.+)\.{place}\.(\d+)\.(\w+)\.(part|\d+\.data)", path.name)
    return (match[1], Process(here.host, here.namespace, int(match[2]), match[3])) if match else None


def write_at(raw: io.FileIO, address: int, data: Any) -> None:
    """Write to a file, which may take less at a time than it is given; several threads may.

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


def publish(source: Path, path: Path, *, replace: bool) -> None:
    """Give a file that is whole and on disk its name; it keeps the one it has, too.

    Raises
    ------
    StorageError
        If the name cannot be given, or is taken and ``replace`` is false.
    """
    part = part_of(path)
    try:
        with storing(path):
            part.unlink(missing_ok=True)
            try:
                os.link(source, part if replace else path)
            except FileExistsError as error:
                raise StorageError(f"{path}: appeared meanwhile; nothing was overwritten") from error
            if replace:
                os.replace(part, path)
            sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file.

    Raises
    ------
    StorageError
        If it cannot be written; what was there before is left as it was.
    """
    part = part_of(path)
    try:
        with storing(path):
            part.write_bytes(content)
            sync(part)
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
