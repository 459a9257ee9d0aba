"""Tiles on a Dask cluster of two local processes, one of which may be killed.

Oracle: the installed command with threads, bit for bit.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import made_up_tiles
import pytest
from made_up_job import OUTPUT as MADE_UP
from made_up_job import made_up_job, wrong_output, wrong_shards
from many_tiles import NAME, OUTPUT, TILES, place, shards, stored

from jaxtri import cluster
from jaxtri.batch import write_scan
from jaxtri.errors import StorageError, UnresolvedError
from jaxtri.jobs import prepare
from jaxtri.owner import owned
from jaxtri.runs import run_job

PROGRAM = Path(sys.executable).with_name("jaxtri")
WORKERS = 2
ENOUGH = 3  # shards that are there when a worker is killed
SECONDS = 300


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Arrays that the command computes with threads; what it compiles is kept for the workers."""
    folder = place(tmp_path_factory.mktemp("whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        subprocess.run([PROGRAM, "scan", NAME, "--quiet"], cwd=folder, check=True, timeout=SECONDS)
        yield stored(folder / OUTPUT)


@pytest.fixture(scope="module")
def client(whole):
    """Two workers of their own processes."""
    with cluster.client_of(WORKERS, None) as client:
        client.wait_for_workers(WORKERS, timeout=SECONDS)
        yield client


def check(folder, whole):
    assert stored(folder / OUTPUT) == whole
    assert sorted(path.name for path in folder.iterdir()) == sorted([NAME, OUTPUT])


def test_workers_compute_what_threads_do_bit_for_bit(client, whole, tmp_path):
    place(tmp_path)
    processes = set(client.run(os.getpid).values())
    assert len(processes) == WORKERS
    assert os.getpid() not in processes
    assert write_scan(tmp_path / NAME, tmp_path / OUTPUT, client=client) == [tmp_path / OUTPUT]
    check(tmp_path, whole)


def test_a_worker_that_is_killed_loses_nothing(client, whole, tmp_path):
    place(tmp_path)
    victim, there = min(client.run(os.getpid).values()), []

    def kill():
        until = time.monotonic() + SECONDS
        while len(shards(tmp_path)) < ENOUGH and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(victim, signal.SIGKILL)
        there.append(len(shards(tmp_path)))

    killer = threading.Thread(target=kill)
    killer.start()
    write_scan(tmp_path / NAME, tmp_path / OUTPUT, client=client)
    killer.join()
    assert ENOUGH <= there[0] < TILES  # in the middle
    check(tmp_path, whole)
    client.wait_for_workers(WORKERS, timeout=SECONDS)
    assert victim not in client.run(os.getpid).values()


@pytest.fixture
def run_made_up(client, monkeypatch, tmp_path):
    """Run a job of eight made-up tiles on the cluster; what its workers call is given."""
    monkeypatch.setattr(cluster, "task_of", made_up_tiles.task_of)

    def run(run_tile):
        monkeypatch.setattr(cluster, "run_tile", run_tile)
        job = prepare(made_up_job(tmp_path, sizes=made_up_tiles.LARGER))
        with owned(job.folder):
            run_job(job, cluster.on_client(client))
        return job

    return run


@pytest.mark.parametrize(
    ("poison", "reason"), [("raising", "FloatingPointError: a poisonous tile"), ("killing", "KilledWorker")]
)
def test_a_poisonous_tile_is_named_and_all_others_are_kept(run_made_up, tmp_path, poison, reason):
    with pytest.raises(UnresolvedError) as caught:
        run_made_up(getattr(made_up_tiles, poison))
    first, *named = str(caught.value).splitlines()
    assert caught.value.exit_code == 3
    assert first == f"{tmp_path / MADE_UP}: 1 of 8 tiles failed, the others are kept"
    assert len(named) == 1
    assert named[0].startswith(f"  tile {made_up_tiles.POISON}, sample 0..1, m_X 0..3, g_X 15..17: {reason}")
    job = made_up_job(tmp_path, sizes=made_up_tiles.LARGER)
    assert wrong_shards(job) == []
    kept = {path.name: path.stat().st_mtime_ns for path in job.folder.glob("tile-*.npz")}
    assert len(kept) == 7
    run_made_up(made_up_tiles.harmless)  # once it is cured, only that one is left to do
    assert wrong_output(job) == []
    assert job.output.exists()
    assert not job.folder.exists()


def test_tiles_without_a_worker_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "task_of", made_up_tiles.task_of)
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.1)
    job = prepare(made_up_job(tmp_path))
    with cluster.client_of(0, None) as nobody, pytest.raises(UnresolvedError, match="4 of 4 tiles failed"):
        run_job(job, cluster.on_client(nobody))


def test_workers_that_do_not_see_the_folder_are_named(client, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "task_of", made_up_tiles.task_of)
    job = made_up_job(tmp_path / "elsewhere")  # no such folder, here or there
    with pytest.raises(StorageError, match="do not see it; use a file system that all share"):
        list(cluster.on_client(client)(job, [0], None))
