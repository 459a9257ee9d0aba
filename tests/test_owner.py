"""Whose files are whose: processes told apart by host, container, number and start.

Oracle: processes of the test's own making, one that runs, one that has ended, one that nobody here can know.
"""

import errno
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest
from made_up_job import OUTPUT, made_up_job, run, wrong_output

from jaxtri import owner, processes
from jaxtri.errors import StorageError
from jaxtri.files import new_data, part_of
from jaxtri.jobs import prepare
from jaxtri.owner import is_of_the_dead, owned, owners, sweep
from jaxtri.processes import Process, this_process
from jaxtri.records import shard_path
from jaxtri.store import check_outputs

HOSTS = ("node7", "node7.cluster.example")


@pytest.fixture
def dead():
    """A process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        seen = replace(this_process(), pid=process.pid, started=processes._start_of(process.pid))
        assert seen.is_alive
    return seen


@pytest.fixture
def parent():
    """A process that runs."""
    return replace(this_process(), pid=os.getppid(), started=processes._start_of(os.getppid()))


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


@pytest.mark.parametrize("host", HOSTS)
def test_unfinished_files_of_the_dead_and_of_an_earlier_self_are_swept(
    tmp_path, monkeypatch, dead, parent, host
):
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    gone = [f".{OUTPUT}.{replace(one, host=host).tag}.part" for one in (dead, earlier_self())]
    unknown = [replace(dead, host="elsewhere"), replace(dead, host=host, namespace="1")]
    kept = [
        f".{OUTPUT}.{replace(parent, host=host).tag}.part",
        *(f".{OUTPUT}.{one.tag}.part" for one in unknown),
        f".other.h5.{replace(dead, host=host).tag}.part",
        OUTPUT,
    ]
    for name in gone + kept:
        (tmp_path / name).touch()
    sweep(tmp_path, OUTPUT)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_file_of_this_process_is_of_no_dead_one(tmp_path):
    with new_data(tmp_path, "tile-00000") as raw:
        (mine,) = tmp_path.iterdir()
        assert not is_of_the_dead(mine)
        assert os.path.samestat(mine.stat(), os.fstat(raw.fileno()))


def test_a_number_that_comes_again_is_no_obstacle(tmp_path, monkeypatch):
    """As in a container, where every run has the same one."""
    job = prepare(made_up_job(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr("jaxtri.files.this_process", earlier_self)
        left = [part_of(path) for path in (job.output, shard_path(job.folder, 0))]
    for path in left:
        path.write_bytes(b"torn")
    (job.folder / "owner.json").write_text(json.dumps(asdict(earlier_self()) | {"since": time.time()}))
    run(job)
    assert wrong_output(job) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_an_unfinished_file_of_this_very_process_is_no_obstacle(tmp_path):
    output = tmp_path / OUTPUT
    part_of(output).write_bytes(b"torn")
    check_outputs([output], 0, force=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stranger", strangers(), ids=["another host", "another container"])
def test_an_owner_of_whom_nothing_is_known_is_believed_until_told_otherwise(tmp_path, stranger):
    path = tmp_path / "owner.json"
    path.write_text(json.dumps(asdict(stranger) | {"since": time.time()}))
    with pytest.raises(StorageError, match=r"in use by process .*; if it is gone, pass --break-lock"):
        owned(tmp_path).__enter__()
    with owned(tmp_path, break_lock=True):
        assert [one.process for one in owners(tmp_path)] == [this_process()]
    assert list(tmp_path.iterdir()) == []


def test_a_dead_owner_is_replaced_and_a_living_one_is_not(tmp_path, dead, parent):
    path = tmp_path / "owner.json"
    path.write_text(json.dumps(asdict(parent) | {"since": time.time()}))
    for options in ({}, {"break_lock": True}):
        with pytest.raises(StorageError, match="wait, or stop it"):
            owned(tmp_path, **options).__enter__()
    path.write_text(json.dumps(asdict(dead) | {"since": time.time()}))
    with owned(tmp_path):
        assert [one.process for one in owners(tmp_path)] == [this_process()]


def test_an_owner_that_cannot_be_read_is_not_taken_for_a_dead_one(tmp_path, monkeypatch):
    path = tmp_path / "owner.json"
    path.write_text("{}")

    def failing(self):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_text", failing)
        with pytest.raises(StorageError, match=r"owner\.json: cannot be read"):
            owned(tmp_path).__enter__()
    assert path.exists()
    with owned(tmp_path):  # what can be read, and names nobody, is nobody's
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_hard_links_is_refused_by_name(tmp_path, monkeypatch, number):
    def refusing(source, path):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refusing)
    with pytest.raises(StorageError, match="has no hard links, which keep two writers apart"):
        owned(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_replace_a_dead_owner_one_wins(tmp_path, monkeypatch, dead, parent):
    """A third is faster between looking at the dead owner and removing its file."""
    path = tmp_path / "owner.json"
    path.write_text(json.dumps(asdict(dead) | {"since": 1.0}))

    def overtaken(path, seen, known=owner._remove):
        path.write_text(json.dumps(asdict(parent) | {"since": 2.0}))
        known(path, seen)

    monkeypatch.setattr(owner, "_remove", overtaken)
    with pytest.raises(StorageError, match=f"in use by process {parent.pid}"):
        owned(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["owner.json"]
    assert [one.process for one in owners(tmp_path)] == [parent]


def test_a_process_is_named_by_its_number_and_host():
    assert str(Process("node7", "1", 12, "345")) == "process 12 on node7"
