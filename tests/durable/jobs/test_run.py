"""Parts of a job array, folders of others, and files that cannot be read: nothing of anybody's is lost.

Oracle: the random numbers that the made-up job writes, and what lies in the folder before and after.
"""

import dataclasses
import errno
import os
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jaxtri.durable.jobs import job as job_room
from jaxtri.durable.jobs import status, threads
from jaxtri.durable.jobs.job import PLAN, prepare
from jaxtri.durable.jobs.merge import join
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.jobs.run import run_job, run_part
from jaxtri.durable.jobs.threads import in_threads
from jaxtri.durable.storage import hdf5_writer
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.process_identity import this_process
from jaxtri.durable.storage.tile_records import finished_tiles, shard_path, tiles_there
from jaxtri.durable.storage.tile_writer import bytes_apart, drop_outputs
from jaxtri.durable.storage.tiling import tiles_of
from jaxtri.errors import InputError, InterruptedScan, StorageError
from jaxtri.io import hdf5_scan, write_scan
from made_up_job import SIZES, as_another, made_up_job, run, wrong_output, wrong_shards

MANY = {**SIZES, "g_X": 3 * 64}  # 64 tiles
STEP_S = 0.01  # that a slow tile waits between its blocks


def part(job, i, n, execute=None):
    """Run part i of n."""
    tiles = tiles_of((i, n), job.plan)
    with owned(job.folder, shard=(i, n)):
        return run_part(job, execute or in_threads(1), tiles)


def everything(folder, **options):
    """A job whose tiles are all there, each with a file of its own."""
    folder.mkdir(exist_ok=True)
    job = prepare(made_up_job(folder, **options))
    part(job, 1, 1)
    return job


def nearly_finished(folder, **options):
    """A job whose tiles are all in an output in the making, of a run that was then stopped."""

    def stopped(file, versions):
        raise InterruptedScan("stopped")

    job = prepare(made_up_job(folder, **options))
    with owned(job.folder), pytest.raises(InterruptedScan):
        run_job(dataclasses.replace(job, write_tail=stopped), in_threads(1))
    return job


def damage(job, tile):
    path = shard_path(job.folder, tile)
    path.write_bytes(path.read_bytes()[:-9])


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def counted(execute):
    """An executor, and the tiles that it is given."""
    seen = []

    def counting(job, tiles, into):
        seen.extend(tiles)
        yield from execute(job, tiles, into)

    return counting, seen


def assert_finished_without_computing(job):
    execute, tiles = counted(in_threads(1))
    with owned(job.folder):
        run_job(job, execute)
    assert tiles == []
    assert wrong_output(job) == []


def bytes_there(folder):
    return sum(path.stat().st_size for path in folder.glob("*.data"))


# Parts of a job array


def test_parts_are_all_tiles_each_once():
    plan = made_up_job("", sizes=MANY).plan
    tiles = [tile for i in range(1, 8) for tile in tiles_of((i, 7), plan)]
    assert sorted(tiles) == list(range(64))
    assert tiles_of(None, plan) == range(64)


def test_a_part_checks_its_own_tiles_and_leaves_all_others_alone(tmp_path, monkeypatch):
    job = everything(tmp_path, sizes=MANY)
    damage(job, 0)  # of part 1, which may be computing it at this moment
    before, read, known = content(job.folder), [0], os.pread

    def noted(*arguments):
        data = known(*arguments)
        read[0] += len(data)
        return data

    monkeypatch.setattr(os, "pread", noted)
    execute, tiles = counted(in_threads(1))
    part(job, 2, 16, execute)
    assert tiles == []
    assert content(job.folder) == before
    assert read[0] == bytes_apart(job.folder, set(tiles_of((2, 16), job.plan))) > 0
    part(job, 1, 16, execute)
    assert tiles == [0]
    assert wrong_shards(job) == []
    assert [path.name for path in job.folder.glob("*.bad")] == ["tile-00000.bad"]


def test_a_record_that_somebody_else_put_aside_is_computed_again(tmp_path, monkeypatch):
    job = everything(tmp_path)
    damage(job, 1)
    known = os.replace

    def late(source, target):
        if str(target).endswith(".bad"):
            Path(source).unlink()
        return known(source, target)

    monkeypatch.setattr(os, "replace", late)
    assert finished_tiles(job.folder, job.plan, range(4)) == {0, 2, 3}
    part(job, 1, 1)
    assert wrong_shards(job) == []


def test_two_parts_in_threads_of_one_process_keep_each_others_files(tmp_path):
    prepare(made_up_job(tmp_path, sizes=MANY))

    def slowly(i):
        job = prepare(made_up_job(tmp_path, sizes=MANY))

        def compute(plan, tile):
            columns, blocks = job.compute(plan, tile)
            return columns, (time.sleep(STEP_S) or block for block in blocks)

        part(dataclasses.replace(job, compute=compute), i, 4)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(slowly, range(1, 5)))
    job = prepare(made_up_job(tmp_path, sizes=MANY))
    assert finished_tiles(job.folder, job.plan, range(64)) == set(range(64))


def test_the_space_that_a_part_needs_is_its_own(tmp_path, monkeypatch):
    job = made_up_job(tmp_path, "none", MANY)
    whole = hdf5_scan.size_on_disk(job.plan)
    free = whole // 2
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(whole, 0, free))
    write_scan.check_space([job], [job.output], force=False, part=(1, 3))
    for wanted in (None, (1, 1)):  # so that the line above says something
        with pytest.raises(StorageError, match="GB needed"):
            write_scan.check_space([job], [job.output], force=False, part=wanted)
    job = prepare(job)
    for i in (1, 2):
        part(job, i, 3)
    write_scan.check_space(
        [job], [job.output], force=False
    )  # two thirds are there, and go as they are copied


def test_looking_for_space_while_a_file_goes(tmp_path, monkeypatch):
    job = everything(tmp_path)
    known = Path.stat

    def late(self, **options):
        if self.suffix == ".data":
            self.unlink()
        return known(self, **options)

    before = bytes_apart(job.folder, set(range(4)))
    monkeypatch.setattr(Path, "stat", late)
    assert bytes_apart(job.folder, set(range(4))) == 0 < before


def test_space_is_counted_for_finished_tiles_only(tmp_path):
    job = everything(tmp_path)
    before = bytes_apart(job.folder, set(range(4)))
    (job.folder / "tile-00001.elsewhere.1.2.3.0.data").write_bytes(bytes(1000))
    assert bytes_apart(job.folder, set(range(4))) == before + 1000  # as of another run of a finished tile
    shard_path(job.folder, 1).unlink()
    assert bytes_apart(job.folder, set(range(4))) < before


def test_a_part_reads_no_record_of_another(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        earlier = dataclasses.replace(this_process(), started="1")
        patch.setattr("jaxtri.durable.storage.atomic_files.this_process", lambda: earlier)
        job = everything(tmp_path, sizes=MANY)
    read, known = [], Path.read_bytes

    def noted(self):
        if self.suffix == ".npz":
            read.append(self)
        return known(self)

    monkeypatch.setattr(Path, "read_bytes", noted)
    part(job, 3, 16)
    tiles = tiles_of((3, 16), job.plan)
    assert set(read) == {shard_path(job.folder, tile) for tile in tiles}


def test_of_two_parts_that_begin_anew_the_second_keeps_what_the_first_computed(tmp_path, monkeypatch):
    everything(tmp_path)
    changed = made_up_job(tmp_path)
    changed = dataclasses.replace(changed, plan=dataclasses.replace(changed.plan, key="another"))

    def late(folder, known=job_room.owned, **options):
        monkeypatch.setattr(job_room, "owned", known)
        part(prepare(changed, force=True), 1, 2)  # the first, between the second's look and its turn
        return known(folder, **options)

    monkeypatch.setattr(job_room, "owned", late)
    job = prepare(changed, force=True)
    assert finished_tiles(job.folder, job.plan, range(4)) == {0, 2}
    part(job, 2, 2)
    join(job, [])
    assert wrong_output(job) == []


def test_progress_of_a_part_is_of_its_tiles(tmp_path, capsys):
    """The last line that is said is of all cells of the part, none of the other's."""
    job = made_up_job(tmp_path, sizes=MANY)
    work = write_scan.Work(
        specs=(), jobs=[job], left=[job], pictures=[], workers=1, part=(1, 3), force=False, break_lock=False
    )
    write_scan.run_all(work, quiet=False)
    cells = job.plan.cells_of(tiles_of((1, 3), job.plan))
    assert f"{cells} of {cells} cells" in capsys.readouterr().err.splitlines()[-1]


# Resuming, here and elsewhere


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same host", "another host each time"])
def test_one_copy_is_kept_however_often_a_run_is_stopped(tmp_path, monkeypatch, elsewhere):
    sizes = []
    for stop in range(4):
        if elsewhere:
            monkeypatch.setattr(socket, "gethostname", lambda stop=stop: f"node{stop}")
        job = prepare(made_up_job(tmp_path, "none", MANY))

        def some(job, tiles, into):
            assert list(job.folder.glob("*.data")) == [into.path]
            yield from in_threads(1)(job, tiles[:10], into)
            raise InterruptedScan("stopped")

        with owned(job.folder), pytest.raises(InterruptedScan):
            run_job(job, some)
        assert len(list(job.folder.glob("*.data"))) == 1
        sizes.append(bytes_there(job.folder))
        assert wrong_shards(job) == []
    assert sizes[-1] < 4.5 * sizes[0]  # four times ten tiles, once each
    monkeypatch.undo()
    run(job)
    assert wrong_output(job) == []


class Killed(BaseException):
    """As SIGKILL: nothing is cleared up."""


def test_copies_that_are_stopped_ever_earlier_do_not_pile_up(tmp_path):
    """An output of an earlier run goes as soon as all of it is copied; that of few tiles is copied first."""
    job = nearly_finished(tmp_path, compression="none", sizes=MANY)
    whole = bytes_there(job.folder)
    for run_number in range(10):
        copies, known = [], os.utime

        def dying(*arguments, most=60 - 6 * run_number, copies=copies, known=known, **options):
            copies.append(arguments)
            if len(copies) == most:
                raise Killed
            return known(*arguments, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "utime", dying)
            patch.setattr(hdf5_writer, "drop_outputs", not_when_dead(copies, 60 - 6 * run_number))
            with owned(job.folder), pytest.raises(Killed):
                run_job(job, in_threads(1))
        assert bytes_there(job.folder) < 3.5 * whole
    assert wrong_shards(job) == []
    run(job)
    assert wrong_output(job) == []


def not_when_dead(copies, most):
    """`drop_outputs` of a process until it is killed."""

    def drop(folder, **options):
        if len(copies) < most:
            drop_outputs(folder, **options)

    return drop


def test_what_tiles_have_of_their_own_goes_as_it_is_copied(tmp_path):
    job = everything(tmp_path, compression="none", sizes=MANY)
    every, seen = set(range(64)), []
    before, known = bytes_apart(job.folder, every), os.utime

    def looking(*arguments, **options):  # after each copy, before its file goes
        seen.append(bytes_apart(job.folder, every))
        return known(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "utime", looking)
        run(job)
    assert wrong_output(job) == []
    assert seen == [before - tile * (before // 64) for tile in range(64)]  # tiles are of one size


@pytest.mark.parametrize("workers", [1, 3])
def test_few_tiles_wait_at_a_time(tmp_path, monkeypatch, workers):
    waiting, most = set(), [0]

    class Watched(ThreadPoolExecutor):
        def submit(self, *arguments):
            future = super().submit(*arguments)
            waiting.add(future)
            most[0] = max(most[0], sum(not one.done() for one in waiting))
            return future

    monkeypatch.setattr(threads, "ThreadPoolExecutor", Watched)
    job = prepare(made_up_job(tmp_path, sizes=MANY))
    with owned(job.folder):
        run_job(job, in_threads(workers))
    assert wrong_output(job) == []
    assert len(waiting) == 64
    assert most[0] <= threads.AHEAD * workers


# Files that cannot be read, or say nothing


@pytest.mark.parametrize("where", ["files of their own", "an output in the making"])
@pytest.mark.parametrize("what", ["record", "chunks"])
def test_what_cannot_be_read_for_a_moment_is_kept(tmp_path, monkeypatch, what, where):
    job = everything(tmp_path) if where == "files of their own" else nearly_finished(tmp_path)
    before = content(job.folder)

    def failing(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, owned(job.folder):
        patch.setattr(*((Path, "read_bytes") if what == "record" else (os, "pread")), failing)
        with pytest.raises(StorageError, match=r"cannot be read \(Input/output error\)"):
            run_job(job, in_threads(1))
        with pytest.raises(StorageError, match=r"cannot be read \(Input/output error\)"):
            run_part(job, in_threads(1), range(4))
    assert content(job.folder).items() >= before.items()
    assert_finished_without_computing(job)


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    job = nearly_finished(tmp_path)
    before = content(job.folder)

    def failing(path):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", failing)
        for look in (tiles_there, drop_outputs, lambda folder: bytes_apart(folder, {0})):
            with pytest.raises(StorageError, match=r"parts: cannot be read \(Permission denied\)"):
                look(job.folder)
    assert content(job.folder) == before
    assert tiles_there(tmp_path / "nowhere") == set()


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"plan": {"key": "x"}}', '{"plan": 1}'])
def test_a_damaged_plan_is_one_clear_sentence_and_costs_no_tile(tmp_path, text):
    job = everything(tmp_path)
    (job.folder / PLAN).write_text(text)
    for look in (lambda: prepare(job), lambda: status.progress_of(job.folder)):
        with pytest.raises(StorageError, match=rf"{PLAN}: damaged \(.*\); remove this file"):
            look()
    (job.folder / PLAN).unlink()
    job = prepare(job)
    assert_finished_without_computing(job)


def test_a_folder_that_another_process_takes_meanwhile_is_not_cleared(tmp_path, monkeypatch):
    job = made_up_job(tmp_path)
    run(job)
    taken = []

    def slowly(path):
        known = job.identity_of(path)
        again = prepare(job)
        taken.append(owned(again.folder))
        taken[0].__enter__()
        run_part(again, in_threads(1), range(2))
        return known

    with pytest.raises(StorageError, match="in use by process"):
        left_to_do([dataclasses.replace(job, identity_of=slowly)], force=False)
    assert finished_tiles(job.folder, job.plan, range(4)) == {0, 1}


# Merging


def merging(tmp_path, tiles=({0, 1, 2, 3}, {0, 1, 2, 3})):
    """A job, and jobs of other folders with some tiles each."""
    others = []
    for number, some in enumerate(tiles):
        folder = tmp_path / f"from{number}"
        folder.mkdir()
        other = prepare(made_up_job(folder))
        with owned(other.folder):
            run_part(other, in_threads(1), some)
        others.append(other)
    return made_up_job(tmp_path), others


def test_folders_of_others_stay_as_they_are(tmp_path):
    """A tile that is damaged in one of them is taken from the next."""
    job, others = merging(tmp_path)
    damage(others[0], 1)
    before = [content(other.folder) for other in others]
    join(job, [other.folder for other in others])
    assert wrong_output(job) == []
    assert [content(other.folder) for other in others] == before
    assert not job.folder.exists()


def test_a_tile_that_is_damaged_everywhere_is_named(tmp_path):
    job, others = merging(tmp_path)
    for other in others:
        damage(other, 1)
    before = [content(other.folder) for other in others]
    with pytest.raises(InputError, match=r"1 of 4 tiles are damaged: 1; run jaxtri scan --shard i/n again"):
        join(job, [other.folder for other in others])
    assert [content(other.folder) for other in others] == before
    assert status.progress_of(job.folder).missing == [1]  # what was merged is kept, and known for what it is
    part(others[1], 2, 4)
    join(job, [other.folder for other in others])
    assert wrong_output(job) == []


def test_a_merge_without_all_tiles_leaves_nothing_behind(tmp_path):
    job, others = merging(tmp_path, ({0, 1}, {1, 3}))
    with pytest.raises(InputError, match="1 of 4 tiles are missing: 2; run"):
        join(job, [other.folder for other in others])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from0", "from1"]


def test_a_merge_of_another_scan_does_not_advise_what_does_not_help(tmp_path):
    job, others = merging(tmp_path)
    with pytest.raises(InputError, match="give the scan file that they were computed with") as caught:
        join(as_another(job), [others[0].folder])
    assert "--force" not in str(caught.value)
    assert not job.folder.exists()


def test_folders_of_other_treatments_are_passed_over(tmp_path):
    """As merge s.toml p1/*.parts p2/*.parts gives them."""
    job, others = merging(tmp_path, ({0, 1}, {2, 3}))
    (tmp_path / "another").mkdir()
    another = made_up_job(tmp_path / "another")
    plan = dataclasses.replace(another.plan, key="another")
    prepare(as_another(dataclasses.replace(another, plan=plan)))
    join(job, [another.folder, *(other.folder for other in others)])
    assert wrong_output(job) == []


def test_the_own_folder_is_not_passed_over(tmp_path):
    job, others = merging(tmp_path, ({0, 1, 2, 3},))
    prepare(as_another(dataclasses.replace(job, plan=dataclasses.replace(job.plan, key="another"))))
    with pytest.raises(InputError, match=r"scan\.h5\.parts: holds parts of another scan"):
        join(job, [others[0].folder])
