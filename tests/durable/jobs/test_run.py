"""Parts of a job array, folders of others, and files that cannot be read: nothing of anybody's is lost.

Oracle: the random numbers that the made-up job writes, and what lies in the folder before and after.
"""

import dataclasses
import errno
import os
import shutil
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
from jaxtri.durable.storage.atomic_files import part_of
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tile_files import clear, finished_tiles, tile_path, tiles_there
from jaxtri.durable.storage.tiling import tiles_of
from jaxtri.errors import InputError, StorageError
from jaxtri.io import hdf5_scan, write_scan
from made_up_job import OUTPUT, SIZES, as_another, made_up_job, run, wrong_output, wrong_tiles

MANY = {**SIZES, "g_X": 3 * 64}  # 64 tiles
STEP_S = 0.01  # that a slow tile waits between its blocks


def part(job, i, n, execute=None):
    """Run part i of n."""
    tiles = tiles_of((i, n), job.plan)
    with owned(job.folder, part=(i, n)):
        return run_part(job, execute or in_threads(1), tiles)


def everything(folder, **options):
    """A job whose tiles are all there."""
    folder.mkdir(exist_ok=True)
    job = prepare(made_up_job(folder, **options))
    part(job, 1, 1)
    return job


def damage(job, tile):
    path = tile_path(job.folder, tile)
    path.write_bytes(path.read_bytes()[:-9])


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def counted(execute):
    """An executor, and the tiles that it is given."""
    seen = []

    def counting(job, tiles):
        seen.extend(tiles)
        yield from execute(job, tiles)

    return counting, seen


def assert_finished_without_computing(job):
    execute, tiles = counted(in_threads(1))
    with owned(job.folder):
        run_job(job, execute)
    assert tiles == []
    assert wrong_output(job) == []


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
    assert read[0] == sum(
        len(before[tile_path(job.folder, tile).name]) for tile in tiles_of((2, 16), job.plan)
    )
    part(job, 1, 16, execute)
    assert tiles == [0]
    assert wrong_tiles(job) == []
    assert [path.name for path in job.folder.glob("*.bad")] == ["tile-00000.bad"]


def test_a_tile_file_that_somebody_else_put_aside_is_computed_again(tmp_path, monkeypatch):
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
    assert wrong_tiles(job) == []


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
    assert space_needed(monkeypatch, [job]) == pytest.approx(4 / 3 * whole, rel=0.02)  # two thirds are there


def test_the_space_for_several_outputs_is_that_of_all_and_of_the_tiles_of_one(tmp_path, monkeypatch):
    jobs = [made_up_job(tmp_path, "none", sizes) for sizes in (MANY, SIZES, MANY)]
    sizes = [hdf5_scan.size_on_disk(job.plan) for job in jobs]
    assert space_needed(monkeypatch, jobs) == sum(sizes) + max(sizes)
    assert space_needed(monkeypatch, jobs, part=(1, 1)) == sum(sizes)


def space_needed(monkeypatch, jobs, **options):
    """What is asked for of a disk."""
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(write_scan, "check_outputs", lambda paths, needed, *, force: asked.append(needed))
        write_scan.check_space(jobs, [job.output for job in jobs], force=False, **options)
    return asked[0]


def test_a_part_opens_no_file_of_another(tmp_path, monkeypatch):
    job = everything(tmp_path, sizes=MANY)
    opened, known = [], Path.open

    def noted(self, *arguments, **options):
        if self.suffix == ".tile":
            opened.append(self)
        return known(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", noted)
    part(job, 3, 16)
    assert set(opened) == {tile_path(job.folder, tile) for tile in tiles_of((3, 16), job.plan)}


def test_a_part_sweeps_its_own_tiles_only(tmp_path):
    job = prepare(made_up_job(tmp_path))
    torn = [part_of(tile_path(job.folder, tile)) for tile in range(4)]
    for path in torn:
        path.write_bytes(b"torn")
    part(job, 2, 2)
    assert [path.exists() for path in torn] == [True, False, True, False]
    part(job, 1, 2)
    assert [path.name for path in job.folder.glob(".*")] == []


def test_of_two_parts_that_begin_again_the_second_keeps_what_the_first_computed(tmp_path, monkeypatch):
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


def test_a_partial_output_of_a_killed_run_goes(tmp_path):
    """With the next run, or where the output is complete already; other files are left alone."""
    job = made_up_job(tmp_path)
    other = part_of(tmp_path / f"other.{OUTPUT}")
    other.write_bytes(b"of somebody else")
    for again in (run, lambda job: left_to_do([job], force=False)):
        part_of(job.output).write_bytes(b"torn")
        prepare(job)
        again(job)
        assert wrong_output(job) == []
        assert {path.name for path in tmp_path.iterdir()} == {OUTPUT, other.name}


def test_tile_files_stay_until_the_output_has_its_name(tmp_path, monkeypatch):
    job, there = prepare(made_up_job(tmp_path)), []
    known = os.replace

    def looking(source, target):
        if target == job.output:
            there.append(tiles_there(job.folder))
        return known(source, target)

    monkeypatch.setattr(os, "replace", looking)
    run(job)
    assert there == [{0, 1, 2, 3}]
    assert not job.folder.exists()


def test_tiles_are_copied_while_others_are_computed(tmp_path, monkeypatch):
    job = prepare(made_up_job(tmp_path, sizes=MANY))
    sizes = []

    def looking(plan, tile):
        (partial,) = tmp_path.glob(f".{OUTPUT}.*.part")
        sizes.append(partial.stat().st_size)
        return made_up_job(tmp_path, sizes=MANY).compute(plan, tile)

    run(dataclasses.replace(job, compute=looking))
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[len(sizes) // 2] > sizes[0]


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


@pytest.mark.parametrize("what", [(os, "pread"), (Path, "open")], ids=["read", "opened"])
def test_what_cannot_be_read_for_a_moment_is_kept(tmp_path, monkeypatch, what):
    job = everything(tmp_path)
    before = content(job.folder)

    known = getattr(*what)

    def failing(*arguments, **options):
        if what == (Path, "open") and arguments[0].suffix != ".tile":
            return known(*arguments, **options)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, owned(job.folder):
        patch.setattr(*what, failing)
        with pytest.raises(StorageError, match=r"cannot be read \(Input/output error\)"):
            run_job(job, in_threads(1))
        with pytest.raises(StorageError, match=r"cannot be read \(Input/output error\)"):
            run_part(job, in_threads(1), range(4))
    assert content(job.folder).items() >= before.items()
    assert_finished_without_computing(job)


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    job = everything(tmp_path)
    before = content(job.folder)

    def failing(path):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", failing)
        for look in (tiles_there, clear):
            with pytest.raises(StorageError, match=r"parts: cannot be read \(Permission denied\)"):
                look(job.folder)
    assert content(job.folder) == before
    assert tiles_there(tmp_path / "nowhere") == set()


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"layout": 2, "plan": {"key": "x"}}', '{"layout": 2, "plan": 1}']
)
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
    with pytest.raises(InputError, match=r"1 of 4 tiles are damaged: 1; run jaxtri scan --part i/n again"):
        join(job, [other.folder for other in others])
    assert [content(other.folder) for other in others] == before
    assert not job.folder.exists()  # nothing is left of what comes to nothing
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


def test_what_the_tail_needs_is_begun_before_the_tiles(tmp_path):
    order = []
    job = dataclasses.replace(made_up_job(tmp_path), aside=lambda: order.append("aside"))
    execute, tiles = counted(in_threads(1))

    def noted(job, some):
        order.append("tiles")
        yield from execute(job, some)

    job = prepare(job)
    with owned(job.folder):
        run_job(job, noted)
    assert order == ["aside", "tiles"]
    assert sorted(tiles) == list(range(job.plan.count))


def test_a_part_begins_nothing_that_only_the_whole_needs(tmp_path):
    order = []
    job = prepare(dataclasses.replace(made_up_job(tmp_path), aside=lambda: order.append("aside")))
    part(job, 1, 2)
    assert order == []
