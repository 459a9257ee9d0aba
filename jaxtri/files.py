"""Files that are complete or absent: written under another name and moved into place."""

import os
import re
import socket
from pathlib import Path

from jaxtri.errors import StorageError


def part_of(path: Path) -> Path:
    """Name under which this process writes a file until it is complete."""
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.part")


def maker_of(part: Path) -> tuple[str, int] | None:
    """Name and process of an unfinished file of this host, from `part_of`; None of any other."""
    host = re.escape(socket.gethostname())
    match = re.fullmatch(rf"\.(?P<name>.+)\.{host}\.(?P<pid>\d+)\.part", part.name)
    return (match["name"], int(match["pid"])) if match else None


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file.

    Raises
    ------
    StorageError
        If it cannot be written; what was there before is left as it was.
    """
    part = part_of(path)
    try:
        part.write_bytes(content)
        sync(part)
        os.replace(part, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
