"""What a stopped run leaves, one case at a time, with the made-up job.

Oracle: the random numbers that the job writes.
"""

import dataclasses
import os

import h5py
import pytest
from made_up_job import OUTPUT, made_up_job, run, wrong_output, wrong_shards

from jaxtri.errors import InputError, InterruptedScan, StorageError
from jaxtri.executors import in_threads
from jaxtri.jobs import prepare
from jaxtri.leftovers import left_to_do
from jaxtri.owner import owned
from jaxtri.records import read_shard, shard_path
from jaxtri.runs import ROUNDS, run_job


def test_of_several_outputs_only_those_that_lack_are_left_to_do(tmp_path):
    first, second = made_up_job(tmp_path / "first"), made_up_job(tmp_path / "second")
    for job in (first, second):
        job.output.parent.mkdir()
    assert left_to_do([first, second], force=False) == [first, second]
    run(first)
    assert left_to_do([first, second], force=False) == [second]
    assert left_to_do([first, second], force=True) == [first, second]
    run(second)
    assert left_to_do([first, second], force=False) == []
    assert left_to_do([first, second], force=True) == [first, second]
    other = dataclasses.replace(first, header=dataclasses.replace(first.header, fingerprint="1" * 64))
    second.output.unlink()
    assert left_to_do([other, second], force=False) == [other, second]  # that is not its output


def test_a_folder_that_is_left_over_goes_unless_somebody_works_in_it(tmp_path):
    job = made_up_job(tmp_path)
    run(job)
    with owned(prepare(job).folder):
        assert left_to_do([job], force=False) == [job]
        assert job.folder.exists()
    assert left_to_do([job], force=False) == []
    assert not job.folder.exists()


def test_force_does_not_throw_away_what_another_process_computes(tmp_path):
    job = made_up_job(tmp_path)
    changed = dataclasses.replace(job, plan=dataclasses.replace(job.plan, key="another"))
    with owned(prepare(job).folder):
        before = (job.folder / "plan.json").read_bytes()
        with pytest.raises(InputError, match="holds parts of another scan"):
            prepare(changed)
        with pytest.raises(StorageError, match=f"in use by process {os.getpid()}"):
            prepare(changed, force=True)
        assert (job.folder / "plan.json").read_bytes() == before
    assert prepare(changed, force=True).plan.key == "another"


@pytest.mark.parametrize("times", [1, ROUNDS])
def test_a_shard_that_is_damaged_before_the_join_is_computed_again(tmp_path, times):
    job, damaged = prepare(made_up_job(tmp_path)), []

    def execute(job, tiles, into):
        yield from in_threads(1)(job, tiles, into)
        if len(damaged) < times:
            path = shard_path(job.folder, 0)
            path.write_bytes(path.read_bytes()[:-100])
            damaged.append(path)

    with owned(job.folder):
        if times == ROUNDS:
            with pytest.raises(StorageError, match="damaged again and again"):
                run_job(job, execute)
            assert not job.output.exists()
        else:
            run_job(job, execute)
            assert wrong_output(job) == []
    assert len(damaged) == times


def test_a_run_that_is_stopped_again_and_again_keeps_one_file_of_chunks(tmp_path):
    """What an earlier run computed is copied to the output in the making, and its file goes."""
    job = prepare(made_up_job(tmp_path))
    sizes, computed = [], []

    def one_only(job, tiles, into):
        computed.append(tiles[0])
        yield from in_threads(1)(job, tiles[:1], into)
        raise InterruptedScan("stopped")

    for _ in range(3):
        with owned(job.folder), pytest.raises(InterruptedScan):
            run_job(job, one_only)
        (heap,) = job.folder.glob("*.data")
        sizes.append(heap.stat().st_size)
        assert wrong_shards(job) == []
    assert computed == [0, 1, 2]
    assert sizes == sorted(sizes)
    run(job)
    assert wrong_output(job) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_an_output_that_appears_meanwhile_is_not_replaced(tmp_path):
    job = prepare(made_up_job(tmp_path))

    def execute(job, tiles, into):
        yield from in_threads(1)(job, tiles, into)
        job.output.write_bytes(b"of somebody else")

    with owned(job.folder), pytest.raises(StorageError, match="appeared meanwhile; nothing was overwritten"):
        run_job(job, execute)
    assert job.output.read_bytes() == b"of somebody else"
    assert wrong_shards(job) == []  # and nothing is lost
    assert len(list(job.folder.glob("tile-*.npz"))) == job.plan.count
    job.output.unlink()
    run(job)
    assert wrong_output(job) == []


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_records_say_where_hdf5_has_put_the_chunks(tmp_path, compression):
    """Oracle: the index of the finished file."""
    job = prepare(made_up_job(tmp_path, compression))
    known = {}

    def look():  # when every tile is there, before the folder goes
        known.update((tile, read_shard(job.folder, job.plan, tile).table) for tile in range(job.plan.count))

    job = dataclasses.replace(job, boundaries=look)
    with owned(job.folder):
        run_job(job, in_threads(2))
    with h5py.File(job.output, "r") as file:
        for name in job.plan.cell_arrays:
            chunks = [file[name].id.get_chunk_info(i) for i in range(file[name].id.get_num_chunks())]
            stored = {(one.byte_offset, one.size) for one in chunks}
            recorded = [tuple(row[:2]) for table in known.values() for row in table[name].tolist()]
            assert len(recorded) == len(stored)
            assert set(recorded) == stored
