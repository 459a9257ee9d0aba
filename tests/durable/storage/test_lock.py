"""Whose files are whose: processes told apart by host, container, number and start.

Oracle: processes of the test's own making, one that runs, one that has ended, one that nobody here can know.
"""

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest

from jaxtri.durable.jobs.job import prepare
from jaxtri.durable.storage import process_identity
from jaxtri.durable.storage.atomic_files import part_of
from jaxtri.durable.storage.lock import LOCK, owned, owners
from jaxtri.durable.storage.process_identity import Process, this_process
from jaxtri.durable.storage.tile_files import tile_path
from jaxtri.errors import StorageError
from jaxtri.io.hdf5_scan import check_outputs
from made_up_job import OUTPUT, made_up_job, run, wrong_output
from places import PATIENCE_S


@pytest.fixture
def dead():
    """A process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        seen = replace(this_process(), pid=process.pid, started=process_identity._start_of(process.pid))
        assert seen.is_alive
    return seen


@pytest.fixture
def parent():
    """A process that runs."""
    return replace(this_process(), pid=os.getppid(), started=process_identity._start_of(os.getppid()))


def strangers():
    """Return this very process, as seen from another host or another container."""
    return replace(this_process(), host="elsewhere"), replace(this_process(), namespace="1")


def earlier_self():
    """One with the number of this process, as every run in a container has."""
    return replace(this_process(), started="1")


def test_what_is_known_of_a_process(dead, parent):
    assert this_process().is_alive
    assert parent.is_alive
    assert [one.is_alive for one in (dead, earlier_self())] == [False, False]
    assert [one.is_alive for one in strangers()] == [None, None]


def test_a_number_that_comes_again_is_no_obstacle(tmp_path):
    """As in a container, where every run has the same one."""
    job = prepare(made_up_job(tmp_path))
    for path in (part_of(path) for path in (job.output, tile_path(job.folder, 0))):
        path.write_bytes(b"torn")
    (job.folder / "owner.json").write_text(json.dumps(asdict(earlier_self()) | {"since": time.time()}))
    run(job)
    assert wrong_output(job) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_an_unfinished_file_is_no_obstacle(tmp_path):
    output = tmp_path / OUTPUT
    part_of(output).write_bytes(b"torn")
    check_outputs([output], 0, force=False)
    run(made_up_job(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


@pytest.fixture
def folder(tmp_path):
    """A folder of tile files with a file in it, so that it stays."""
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "plan.json").touch()
    return folder


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.name not in ("plan.json", LOCK))


def write_owner(folder, process, name="owner.json", since=1.0):
    (folder / name).write_text(json.dumps(asdict(process) | {"since": since}))


def begin(folder, **options):
    owned(folder, **options).__enter__()


@pytest.mark.parametrize("stranger", strangers(), ids=["another host", "another container"])
def test_an_owner_of_whom_nothing_is_known_is_believed_until_told_otherwise(folder, stranger):
    write_owner(folder, stranger)
    with pytest.raises(StorageError, match=r"in use by process .*; if it is gone, pass --break-lock"):
        begin(folder)
    with owned(folder, break_lock=True):
        assert [one.process for one in owners(folder)] == [this_process()]
    assert left_in(folder) == []


def test_a_dead_owner_is_replaced_and_a_living_one_is_not(folder, dead, parent):
    write_owner(folder, parent)
    for options in ({}, {"break_lock": True}):
        with pytest.raises(StorageError, match="wait, or stop it"):
            begin(folder, **options)
    write_owner(folder, dead)
    with owned(folder):
        assert [one.process for one in owners(folder)] == [this_process()]


def test_parts_stand_side_by_side_and_the_whole_alone(folder, parent):
    write_owner(folder, parent, "owner-1-of-3.json")
    with owned(folder, part=(2, 3)):
        assert left_in(folder) == ["owner-1-of-3.json", "owner-2-of-3.json"]
    for options in ({}, {"part": (1, 3)}):
        with pytest.raises(StorageError, match=f"in use by process {parent.pid}"):
            begin(folder, **options)
    (folder / "owner-1-of-3.json").unlink()
    write_owner(folder, parent)
    with pytest.raises(StorageError, match=f"in use by process {parent.pid}"):
        begin(folder, part=(2, 3))


def test_the_file_of_a_successor_is_let_alone(folder, parent):
    """As after --break-lock while the owner lived, or where the folder was made anew meanwhile."""
    with owned(folder):
        write_owner(folder, parent)
    assert [one.process for one in owners(folder)] == [parent]


def test_a_folder_that_is_empty_goes_with_its_owner(folder):
    with owned(folder):
        (folder / "plan.json").unlink()
    assert not folder.exists()
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


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_hard_links_is_refused_by_name(folder, monkeypatch, number):
    def refusing(source, path):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refusing)
    with pytest.raises(StorageError, match="has no hard links, which keep two writers apart"):
        begin(folder)
    assert left_in(folder) == []


RACE = """import sys
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
            (folder / "owner.json").write_bytes((folder / "dead").read_bytes())  # as if killed
    except StorageError:
        pass
"""
RACERS, TAKINGS = 4, 50


def test_of_those_that_race_for_a_dead_owners_place_one_wins(folder, dead):
    write_owner(folder, dead, "dead")
    write_owner(folder, dead)
    command = [sys.executable, "-c", RACE, str(folder), str(TAKINGS)]
    racing = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(RACERS)]
    assert [(one.communicate(timeout=PATIENCE_S)[1], one.returncode) for one in racing] == [("", 0)] * RACERS


def test_a_process_is_named_by_its_number_and_host():
    assert str(Process("node7", "1", 12, "345")) == "process 12 on node7"


def test_a_name_that_the_system_cuts_within_a_letter_is_no_obstacle():
    """Linux keeps 15 bytes of it."""
    code = """import ctypes, jaxtri.durable.storage.process_identity as processes
ctypes.CDLL(None).prctl(15, b"fourteen_lett\\xc3")
print(processes.this_process().is_alive)"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"


def test_a_process_of_which_nothing_is_shown_may_live(monkeypatch, parent, dead):
    """As where another user's processes are hidden, or the system has no /proc."""
    hidden = {parent.pid: PermissionError, dead.pid: ProcessLookupError}

    def no_stat(self):
        raise FileNotFoundError

    def kill(pid, number):
        raise hidden[pid]

    monkeypatch.setattr("pathlib.Path.read_bytes", no_stat)
    monkeypatch.setattr(os, "kill", kill)
    assert parent.is_alive
    assert dead.is_alive is False
