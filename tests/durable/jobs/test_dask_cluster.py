"""Tiles on a Dask cluster of two local processes, one of which may be killed.

Oracle: the installed command with threads, bit for bit.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress

import distributed
import pytest

import made_up_tiles
from jaxtri.durable.jobs import dask_cluster
from jaxtri.durable.jobs.job import prepare
from jaxtri.durable.jobs.run import run_job
from jaxtri.durable.jobs.threads import in_threads
from jaxtri.durable.storage.lock import owned
from jaxtri.errors import InterruptedScan, StorageError, UnresolvedError
from jaxtri.io.write_scan import write_scan
from made_up_job import OUTPUT as MADE_UP
from made_up_job import SIZES, made_up_job, wrong_output, wrong_tiles
from many_tiles import NAME, OUTPUT, TILES, place, stored, tile_files
from places import HELPERS, PATIENCE_S, PROGRAM

WORKERS = 2
ENOUGH = 3  # tile files that are there when a worker is killed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Arrays that the command computes with threads; what it compiles is kept for the workers."""
    folder = place(tmp_path_factory.mktemp("whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        subprocess.run([PROGRAM, "scan", NAME, "--quiet"], cwd=folder, check=True, timeout=PATIENCE_S)
        yield stored(folder / OUTPUT)


@pytest.fixture(scope="module")
def client(whole):
    """Two workers of their own processes."""
    with dask_cluster.client_of(WORKERS, None) as client:
        client.wait_for_workers(WORKERS, timeout=PATIENCE_S)
        yield client


def check(folder, whole):
    assert stored(folder / OUTPUT) == whole
    assert sorted(path.name for path in folder.iterdir()) == sorted([NAME, OUTPUT])


@pytest.mark.long
def test_workers_compute_what_threads_do_bit_for_bit(client, whole, tmp_path):
    place(tmp_path)
    processes = set(client.run(os.getpid).values())
    assert len(processes) == WORKERS
    assert os.getpid() not in processes
    assert write_scan(tmp_path / NAME, tmp_path / OUTPUT, client=client) == [tmp_path / OUTPUT]
    check(tmp_path, whole)


@pytest.mark.long
def test_a_worker_that_is_killed_loses_nothing(client, whole, tmp_path):
    place(tmp_path)
    victim, there = min(client.run(os.getpid).values()), []

    def kill():
        until = time.monotonic() + PATIENCE_S
        while len(tile_files(tmp_path)) < ENOUGH and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(victim, signal.SIGKILL)
        there.append(len(tile_files(tmp_path)))

    killer = threading.Thread(target=kill)
    killer.start()
    write_scan(tmp_path / NAME, tmp_path / OUTPUT, client=client)
    killer.join()
    assert ENOUGH <= there[0] < TILES  # in the middle
    check(tmp_path, whole)
    client.wait_for_workers(WORKERS, timeout=PATIENCE_S)
    assert victim not in client.run(os.getpid).values()


@pytest.fixture
def run_made_up(client, tmp_path):
    """Run a job of eight made-up tiles on the cluster; what its workers call is given."""

    def run(compute):
        job = prepare(made_up_tiles.sent_job(tmp_path, compute))
        with owned(job.folder):
            run_job(job, dask_cluster.on_client(client))
        return job

    return run


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ("raising", "FloatingPointError: a poisonous tile"),
        pytest.param("killing", "KilledWorker", marks=pytest.mark.long),
    ],
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
    assert wrong_tiles(job) == []
    kept = {path.name: path.stat().st_mtime_ns for path in job.folder.glob("tile-*.tile")}
    assert len(kept) == 7
    run_made_up(made_up_tiles.harmless)  # once it is cured, only that one is left to do
    assert wrong_output(job) == []
    assert job.output.exists()
    assert not job.folder.exists()


def test_tiles_without_a_worker_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(dask_cluster, "PATIENCE_S", 0.1)
    job = prepare(made_up_tiles.sent_job(tmp_path, made_up_tiles.harmless, SIZES))
    with (
        dask_cluster.client_of(0, None) as nobody,
        pytest.raises(UnresolvedError, match="4 of 4 tiles failed"),
    ):
        run_job(job, dask_cluster.on_client(nobody))


def test_workers_that_do_not_see_the_folder_are_named(client, tmp_path):
    job = made_up_tiles.sent_job(
        tmp_path / "elsewhere", made_up_tiles.harmless
    )  # no such folder, here or there
    with pytest.raises(StorageError, match="do not see it; use a file system that all share"):
        list(dask_cluster.on_client(client)(job, [0]))


@pytest.mark.long
def test_tiles_are_named_when_all_workers_are_gone_for_good(monkeypatch, tmp_path):
    """As where a batch system takes them, or none of them is started again."""
    monkeypatch.setattr(dask_cluster, "LOOK_S", 0.1)
    job = prepare(made_up_tiles.sent_job(tmp_path, made_up_tiles.slow))
    with dask_cluster.client_of(1, None) as client:
        execute = dask_cluster.on_client(client)

        def forsaken(job, tiles):
            for done in execute(job, tiles):
                if done.error is None:
                    monkeypatch.setattr(dask_cluster, "PATIENCE_S", 0.5)
                    client.cluster.scale(0)
                yield done

        with pytest.raises(UnresolvedError, match=r"no worker (for|came within) 0.5 s"):
            run_job(job, forsaken)
    assert wrong_tiles(job) == []
    assert 1 <= len(list(job.folder.glob("tile-*.tile"))) < job.plan.count


@pytest.mark.long
def test_workers_that_nobody_starts_again_are_started_again(monkeypatch, tmp_path):
    monkeypatch.setattr(dask_cluster, "LOOK_S", 0.1)
    monkeypatch.setattr(dask_cluster, "REVIVE_S", 1.0)
    job = prepare(made_up_tiles.sent_job(tmp_path, made_up_tiles.slow))
    with dask_cluster.client_of(1, None) as client:
        execute, victims = dask_cluster.on_client(client), []

        def killing(job, tiles):
            for done in execute(job, tiles):
                if not victims:
                    for nanny in client.cluster.workers.values():
                        nanny.auto_restart = False
                    victims.extend(client.run(os.getpid).values())
                    os.kill(victims[0], signal.SIGKILL)
                yield done

        with owned(job.folder):
            run_job(job, killing)
        assert victims[0] not in client.run(os.getpid).values()
    assert wrong_output(job) == []


@pytest.fixture
def frail(tmp_path):
    """A scheduler in a process of its own with one worker, and its address."""
    file = tmp_path / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(HELPERS)}
    common = ["--no-dashboard", "--scheduler-file", file]
    with ExitStack() as running:

        def begin(what, *options):
            command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *common, *options]
            process = subprocess.Popen(list(map(str, command)), env=environment, stderr=subprocess.DEVNULL)
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        scheduler = begin("scheduler", "--host", "127.0.0.1", "--port", "0")
        begin("worker", "--nthreads", "1", "--no-nanny", "--local-directory", tmp_path / "worker")
        end, address = time.monotonic() + PATIENCE_S, None
        while address is None and time.monotonic() < end:
            with suppress(FileNotFoundError, ValueError):  # not there, or half written
                address = json.loads(file.read_text())["address"]
            time.sleep(0.1)
        yield scheduler, address


@pytest.mark.long
def test_a_scheduler_that_dies_is_named_and_finished_tiles_are_kept(frail, tmp_path):
    scheduler, address = frail
    job = prepare(made_up_tiles.sent_job(tmp_path, made_up_tiles.slow))
    with distributed.Client(address, timeout="20s") as client:
        execute = dask_cluster.on_client(client)

        def dying(job, tiles):
            for done in execute(job, tiles):
                scheduler.kill()
                yield done

        with (
            owned(job.folder),
            pytest.raises(InterruptedScan, match="the Dask scheduler does not answer any more"),
        ):
            run_job(job, dying)
    assert wrong_tiles(job) == []
    assert 1 <= len(list(job.folder.glob("tile-*.tile"))) < job.plan.count
    with owned(job.folder):
        run_job(job, in_threads(1))
    assert wrong_output(job) == []
