"""Who may write an output: an owner file, linked under a name that must be free, that says which process.

A dead owner on this host is replaced.  A process of another host or container cannot be asked whether it
lives: it is refused until the user says that it is gone (``--break-lock``).
"""

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jaxtri.durable.storage.atomic_files import part_of, storing
from jaxtri.durable.storage.process_identity import Process, this_process
from jaxtri.errors import StorageError

NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
LOCK = "lock"
WHOLE = "owner"  # of the whole output; a part of a job array has a file of its own


@dataclass(frozen=True)
class Owner:
    """A process that writes, or wrote, an output."""

    path: Path
    process: Process
    since: float  # [s] since 1970

    @property
    def is_alive(self) -> bool | None:
        """Whether the process still runs; None where that cannot be known from here."""
        return self.process.is_alive

    def __str__(self) -> str:
        """Name the process for a message."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"{self.process}, since {when}"


@contextmanager
def owned(folder: Path, *, part: tuple[int, int] | None = None, break_lock: bool = False) -> Iterator[None]:
    """Own a folder, or one part i of n of its tiles, while the context lasts; an empty folder then goes.

    Parameters
    ----------
    folder
        Folder of tile files, which exists.
    part
        (i, n) of a job array; None: everything.
    break_lock
        Replace owners of other hosts.

    Raises
    ------
    StorageError
        If another process owns it.
    """
    name = WHOLE if part is None else f"{WHOLE}-{part[0]}-of-{part[1]}"
    mine = Owner(folder / f"{name}.json", this_process(), time.time())

    def collides(other: Owner) -> bool:
        return part is None or other.path in (mine.path, folder / f"{WHOLE}.json")

    _take(mine, collides, break_lock=break_lock)
    try:
        yield
    finally:
        with suppress(OSError):
            if _read(mine.path) == mine:
                mine.path.unlink()
        with suppress(OSError), _undisturbed(folder, create=False):
            if os.listdir(folder) == [LOCK]:
                (folder / LOCK).unlink()
                folder.rmdir()


def owners(folder: Path) -> list[Owner]:
    """Return the owners of a folder of tile files, dead ones included."""
    found = [_read(path) for path in sorted(folder.glob(f"{WHOLE}*.json"))]
    return [one for one in found if one is not None]


def refuse_living(folder: Path, *, break_lock: bool = False) -> None:
    """Raise `StorageError` if a folder of tile files has an owner that lives, or may."""
    for one in owners(folder):
        _refuse_living(one, break_lock=break_lock)


@contextmanager
def _undisturbed(folder: Path, *, create: bool = True) -> Iterator[None]:
    """Let one process at a time look at owners and replace them."""
    lock = os.open(folder / LOCK, os.O_RDWR | (os.O_CREAT if create else 0), 0o666)
    try:
        with suppress(OSError):  # a file system without locks: looking and replacing takes a moment only
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _take(mine: Owner, collides: Callable[[Owner], bool], *, break_lock: bool) -> None:
    """Replace owners that are no more by the file of another, which is written aside and linked whole."""
    folder, aside = mine.path.parent, part_of(mine.path)
    with storing(mine.path):
        try:
            with _undisturbed(folder):
                others = list(filter(collides, owners(folder)))
                for other in others:
                    _refuse_living(other, break_lock=break_lock)
                aside.write_text(json.dumps(asdict(mine.process) | {"since": mine.since}))
                for other in others:
                    other.path.unlink(missing_ok=True)
                if _read(mine.path) is None:
                    mine.path.unlink(missing_ok=True)  # it names nobody
                _link(aside, mine.path)
        except (FileExistsError, FileNotFoundError) as error:
            raise StorageError(f"{folder}: just taken, or removed, by another process; try again") from error
        finally:
            aside.unlink(missing_ok=True)


def _link(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno in NO_LINKS:
            raise StorageError(
                f"{path.parent}: this file system has no hard links, which keep two writers apart; "
                "choose another"
            ) from error
        raise


def _refuse_living(other: Owner, *, break_lock: bool) -> None:
    if other.is_alive or (other.is_alive is None and not break_lock):
        hint = "wait, or stop it" if other.is_alive else "if it is gone, pass --break-lock"
        raise StorageError(f"{other.path.parent}: in use by {other}; {hint}")


def _read(path: Path) -> Owner | None:
    """Owner by its file; None if that is gone, or is none."""
    try:
        data = json.loads(path.read_text())
        since = float(data.pop("since"))
        return Owner(path, Process(**data), since)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror}); it says who works here") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
