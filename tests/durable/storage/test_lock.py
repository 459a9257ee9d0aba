"""Who may write: one process, told apart by a lock of the kernel; others by what their files say.

Oracle: processes of the test's own making, one that holds the lock, one that was killed while it did, one
that nobody here can know.
"""

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from jaxtri.durable.jobs.job import prepare
from jaxtri.durable.storage import lock as lock_room
from jaxtri.durable.storage.atomic_files import part_of, sweep
from jaxtri.durable.storage.lock import Owner, owned, owners
from jaxtri.durable.storage.tile_files import tile_path
from jaxtri.errors import StorageError
from jaxtri.io.hdf5_scan import check_outputs
from made_up_job import OUTPUT, made_up_job, run, wrong_output
from places import begun

HOLDING = """import sys
from pathlib import Path
from jaxtri.durable.storage.lock import owned
part = tuple(map(int, sys.argv[2:])) or None
with owned(Path(sys.argv[1]), part=part):
    print("owned", flush=True)
    input()
"""
SECONDS = 1200  # for processes to end; measured 2


def here(pid, **said):
    """What the file of a process of this host says."""
    host, namespace = lock_room._here()
    return {"host": host, "namespace": namespace, "pid": pid, "since": time.time()} | said


STRANGERS = [{"host": "elsewhere"}, {"namespace": "1"}]


@contextmanager
def holding(folder, *part):
    """A process that owns a folder, or part of it, and goes on."""
    command = [sys.executable, "-c", HOLDING, folder, *part]
    with begun(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == "owned\n"
        yield process


def killed(folder, *part):
    """What a process leaves that is killed while it owns a folder."""
    with holding(folder, *part) as process:
        process.kill()
        process.wait(SECONDS)
    return process


@pytest.fixture
def folder(tmp_path):
    """A folder of tile files with a file in it, so that it stays."""
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "plan.json").touch()
    return folder


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "plan.json")


def write_owner(folder, said, name="owner.json"):
    """As a process that is gone, or another host's, has left it: a new file, which is not locked."""
    (folder / "new").write_text(json.dumps(said))
    os.replace(folder / "new", folder / name)


def begin(folder, **options):
    owned(folder, **options).__enter__()


def test_what_is_known_of_a_process(folder):
    with holding(folder) as process:
        (one,) = owners(folder)
        assert (one.pid, one.is_here, one.is_alive) == (process.pid, True, True)
        process.send_signal(signal.SIGSTOP)  # halted is not gone
        assert [one.is_alive for one in owners(folder)] == [True]
    (one,) = owners(folder)
    assert (one.pid, one.is_here, one.is_alive) == (process.pid, True, False)
    for stranger in STRANGERS:
        write_owner(folder, here(os.getpid(), **stranger))
        assert [one.is_alive for one in owners(folder)] == [None]
    with owned(folder, break_lock=True):
        assert [(one.pid, one.is_alive) for one in owners(folder)] == [(os.getpid(), True)]
    assert owners(folder) == []


@pytest.mark.parametrize("stranger", STRANGERS, ids=["another host", "another container"])
def test_an_owner_of_whom_nothing_is_known_is_believed_until_told_otherwise(folder, stranger):
    write_owner(folder, here(12, **stranger))
    for _ in range(2):
        with pytest.raises(
            StorageError, match=r"in use by process 12 on .*; if it is gone, pass --break-lock"
        ):
            begin(folder)
    with owned(folder, break_lock=True):
        assert [one.pid for one in owners(folder)] == [os.getpid()]
    assert left_in(folder) == []


def test_a_lock_that_another_host_has_left_is_broken(folder):
    """As on a network file system, of a host that went down."""
    write_owner(folder, here(12, host="elsewhere"))
    with (folder / "owner.json").open("rb+") as left:
        fcntl.flock(left, fcntl.LOCK_EX)
        assert [one.is_alive for one in owners(folder)] == [True]
        with pytest.raises(StorageError, match=r"on elsewhere, .*; if it is gone, pass --break-lock"):
            begin(folder)
        with owned(folder, break_lock=True):
            assert [one.pid for one in owners(folder)] == [os.getpid()]
            with pytest.raises(StorageError, match=f"in use by process {os.getpid()}"):
                begin(folder)
    assert left_in(folder) == []


def test_a_dead_owner_is_replaced_and_a_living_one_is_not(folder):
    with holding(folder) as process:
        for options in ({}, {"break_lock": True}):
            with pytest.raises(
                StorageError, match=f"in use by process {process.pid} on .*; wait, or stop it"
            ):
                begin(folder, **options)
    assert [one.pid for one in owners(folder)] == [process.pid]
    with owned(folder):
        assert [one.pid for one in owners(folder)] == [os.getpid()]
    assert left_in(folder) == []


def test_a_file_of_a_living_process_that_does_not_hold_it_says_nothing(folder):
    """As where a number comes again: in a container every run may have the same one."""
    for pid in (os.getpid(), os.getppid()):
        write_owner(folder, here(pid))
        with owned(folder):
            pass
    assert left_in(folder) == []


def test_parts_stand_side_by_side_and_the_whole_alone(folder):
    with holding(folder, 1, 3) as process:
        with owned(folder, part=(2, 3)):
            assert left_in(folder) == ["owner-1-of-3.json", "owner-2-of-3.json"]
        for options in ({}, {"part": (1, 3)}):
            with pytest.raises(StorageError, match=f"in use by process {process.pid}"):
                begin(folder, **options)
    with owned(folder):  # the dead part is no obstacle
        assert left_in(folder) == ["owner.json"]
    with holding(folder) as process, pytest.raises(StorageError, match=f"in use by process {process.pid}"):
        begin(folder, part=(2, 3))
    with owned(folder, part=(2, 3)):
        assert left_in(folder) == ["owner-2-of-3.json"]


def test_a_part_that_is_started_again_on_another_host_goes_on_where_it_is_told_so(folder):
    """As a batch system does after the host of a part went down; the other parts work on."""
    write_owner(folder, here(12, host="node7"), "owner-3-of-64.json")
    write_owner(folder, here(13, host="node8"), "owner-4-of-64.json")
    with pytest.raises(StorageError, match=r"in use by process 12 on node7, .* pass --break-lock"):
        begin(folder, part=(3, 64))
    with owned(folder, part=(3, 64), break_lock=True):
        assert [(one.pid, one.host) for one in owners(folder)][1:] == [(13, "node8")]
    assert left_in(folder) == ["owner-4-of-64.json"]


def test_the_file_of_a_successor_is_let_alone(folder):
    """As after --break-lock while the owner lived, or where the folder was made again meanwhile."""
    with owned(folder):
        write_owner(folder, here(12))
    assert [one.pid for one in owners(folder)] == [12]


def test_a_folder_that_is_empty_goes_with_its_owner(folder):
    with owned(folder):
        (folder / "plan.json").unlink()
    assert not folder.exists()
    with pytest.raises(StorageError, match="just taken, or removed, by another process; try again"):
        begin(folder)


def test_a_file_that_goes_while_it_is_locked_is_not_taken_for_a_lock(folder, monkeypatch):
    known = fcntl.flock

    def late(file, how):
        known(file, how)
        (folder / "owner.json").unlink(missing_ok=True)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(StorageError, match="just taken, or removed, by another process; try again"):
        begin(folder)


def test_an_owner_that_cannot_be_read_is_not_taken_for_a_dead_one(folder, monkeypatch):
    (folder / "owner.json").write_text("{}")

    def failing(self):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_text", failing)
        with pytest.raises(StorageError, match=r"owner\.json: cannot be read"):
            begin(folder)
    assert left_in(folder) == ["owner.json"]
    with owned(folder):  # what can be read, and names nobody, is nobody's
        pass
    assert left_in(folder) == []


ABSURD = {
    "nothing": "",
    "no object": "[1, 2]",
    "nested": "[" * 100_000,
    "not text": b"\xff\xfe\x00",
    "a number that is none": json.dumps(here("many")),
    "a host that is none": json.dumps(here(12, host="two\nlines")),
    "a list for a host": json.dumps(here(12, host=["node7"])),
    "a time beyond time": json.dumps(here(12, since=1e300)),
    "no time": json.dumps(here(12, since=None)),
    "no number": json.dumps(here(12, since=float("nan"))),
}


@pytest.mark.parametrize("content", ABSURD.values(), ids=ABSURD)
def test_a_file_with_absurd_content_is_nobodys_unless_it_is_locked(folder, content):
    path = folder / "owner.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert [(str(one), one.is_alive) for one in owners(folder)] == [("another process", False)]
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for options in ({}, {"break_lock": True}):
            with pytest.raises(StorageError, match="in use by another process; wait, or stop it"):
                begin(folder, **options)
    with owned(folder):
        pass
    assert left_in(folder) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_refused_by_name(folder, monkeypatch, number):
    def refusing(file, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refusing)
    with pytest.raises(StorageError, match="has no locks, which keep two writers apart"):
        begin(folder)
    assert left_in(folder) == []


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    """Nor does it matter where they do not go from folder to folder."""

    def refusing(*arguments, **options):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refusing)
    job = made_up_job(tmp_path)
    run(job)
    assert wrong_output(job) == []


RACE = """import os, sys
from pathlib import Path
from jaxtri.errors import StorageError
from jaxtri.durable.storage.lock import owned
folder, taken = Path(sys.argv[1]), 0
while taken < int(sys.argv[2]):
    try:
        with owned(folder):
            (folder / "inside").open("x").close()  # fails if another is inside
            taken += 1
            (folder / "inside").unlink()
            if taken % 2:
                aside = folder / f"of {os.getpid()}"
                aside.write_bytes((folder / "dead").read_bytes())
                os.replace(aside, folder / "owner.json")  # as if killed
    except StorageError:
        pass
"""
RACERS, TAKINGS = 4, 50


def test_of_those_that_race_for_a_dead_owners_place_one_wins(folder):
    killed(folder)
    (folder / "dead").write_bytes((folder / "owner.json").read_bytes())
    command = [sys.executable, "-c", RACE, str(folder), str(TAKINGS)]
    racing = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(RACERS)]
    assert [(one.communicate(timeout=SECONDS)[1], one.returncode) for one in racing] == [("", 0)] * RACERS


def test_a_process_is_named_by_its_number_and_host(tmp_path):
    owner = Owner(tmp_path, "node7", "1", 12, 0.0, is_locked=False)
    assert str(owner).startswith("process 12 on node7, since 19")


def test_unfinished_files_of_ones_own_are_swept(tmp_path):
    """Who owns a folder writes alone: what is unfinished there is of a process that is gone."""
    gone = [part_of(tmp_path / OUTPUT) for _ in range(2)]
    kept = [
        part_of(tmp_path / f"other.{OUTPUT}"),
        part_of(tmp_path / f"{OUTPUT}.csv"),
        tmp_path / OUTPUT,
        tmp_path / f".{OUTPUT}.part",
    ]
    for path in gone + kept:
        path.touch()
    sweep(tmp_path, {OUTPUT})
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_what_a_killed_run_left_is_no_obstacle(tmp_path):
    job = prepare(made_up_job(tmp_path))
    for path in (job.output, tile_path(job.folder, 0)):
        part_of(path).write_bytes(b"torn")
    killed(job.folder)
    run(job)
    assert wrong_output(job) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_an_unfinished_file_is_no_obstacle(tmp_path):
    output = tmp_path / OUTPUT
    part_of(output).write_bytes(b"torn")
    check_outputs([output], 0, force=False)
    run(made_up_job(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


@pytest.mark.parametrize("host", ["node7", "node7.cluster.example"])
def test_hosts_are_told_apart_by_their_whole_names(folder, monkeypatch, host):
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    with owned(folder):
        monkeypatch.setattr(socket, "gethostname", lambda: f"{host}2")
        with pytest.raises(StorageError, match=f"on {host}, since .*; if it is gone, pass --break-lock"):
            begin(folder)
