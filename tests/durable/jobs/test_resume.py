"""What a stopped run leaves, one case at a time, with the made-up job.

Oracle: the random numbers that the job writes.
"""

import dataclasses
import itertools
import json
import os
from pathlib import Path

import h5py
import pytest

from jaxtri.durable.jobs import resume, status
from jaxtri.durable.jobs import run as run_room
from jaxtri.durable.jobs.job import PLAN, prepare
from jaxtri.durable.jobs.merge import join
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.jobs.run import ROUNDS, run_job, run_part
from jaxtri.durable.jobs.threads import in_threads
from jaxtri.durable.storage import hdf5_writer
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tile_files import tile_path
from jaxtri.errors import InputError, InterruptedScan, StorageError
from jaxtri.io.hdf5_scan import check_outputs
from made_up_job import OUTPUT, as_another, made_up_job, record_of, run, wrong_output, wrong_tiles


def test_of_several_outputs_only_the_missing_ones_are_left_to_do(tmp_path):
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
    other = as_another(first)
    second.output.unlink()
    with pytest.raises(StorageError, match=r"scan\.h5: exists, of another scan; .*\n  values of an axis"):
        left_to_do([other, second], force=False)
    assert left_to_do([other, second], force=True) == [other, second]


def test_a_folder_that_is_left_over_goes_unless_somebody_works_in_it(tmp_path):
    job = made_up_job(tmp_path)
    run(job)
    with owned(prepare(job).folder):
        with pytest.raises(StorageError, match=f"in use by process {os.getpid()}"):
            left_to_do([job], force=False)
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
def test_a_tile_that_is_damaged_before_it_is_copied_is_computed_again(tmp_path, times):
    job, damaged = prepare(made_up_job(tmp_path)), []

    def execute(job, tiles):
        for done in in_threads(1)(job, tiles):
            if done.tile == 0 and len(damaged) < times:
                path = tile_path(job.folder, 0)
                path.write_bytes(path.read_bytes()[:-100])
                damaged.append(path)
            yield done

    with owned(job.folder):
        if times == ROUNDS:
            with pytest.raises(StorageError, match="damaged again and again"):
                run_job(job, execute)
            assert not job.output.exists()
        else:
            run_job(job, execute)
            assert wrong_output(job) == []
    assert len(damaged) == times


def test_a_run_that_is_stopped_again_and_again_computes_every_tile_once(tmp_path):
    job, computed = prepare(made_up_job(tmp_path)), []

    def one_only(job, tiles):
        computed.append(tiles[0])
        yield from in_threads(1)(job, tiles[:1])
        raise InterruptedScan("stopped")

    for stop in range(3):
        with owned(job.folder), pytest.raises(InterruptedScan):
            run_job(job, one_only)
        assert wrong_tiles(job) == []
        assert len(list(job.folder.glob("tile-*.tile"))) == stop + 1
        assert [path.name for path in tmp_path.iterdir()] == [job.folder.name]  # no partial output
    assert computed == [0, 1, 2]
    run(job)
    assert wrong_output(job) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_an_output_that_appears_meanwhile_is_not_replaced(tmp_path):
    job = prepare(made_up_job(tmp_path))

    def execute(job, tiles):
        yield from in_threads(1)(job, tiles)
        job.output.write_bytes(b"of somebody else")

    with owned(job.folder), pytest.raises(StorageError, match="appeared meanwhile; nothing was overwritten"):
        run_job(job, execute)
    assert job.output.read_bytes() == b"of somebody else"
    assert wrong_tiles(job) == []  # and nothing is lost
    assert len(list(job.folder.glob("tile-*.tile"))) == job.plan.count
    job.output.unlink()
    run(job)
    assert wrong_output(job) == []


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_chunks_are_copied_as_they_are_stored(tmp_path, compression):
    """Oracle: HDF5 gives back the raw chunks of the output; they are those of the tile files."""
    job = prepare(made_up_job(tmp_path, compression))
    with owned(job.folder):
        run_part(job, in_threads(2), range(job.plan.count))
    contents = [path.read_bytes() for path in sorted(job.folder.glob("tile-*.tile"))]
    run(job)
    with h5py.File(job.output, "r") as file:
        for name in job.plan.cell_arrays:
            copied, numbers = file[name].id, range(file[name].id.get_num_chunks())
            raw = [copied.read_direct_chunk(copied.get_chunk_info(i).chunk_offset)[1] for i in numbers]
            kept = [
                content[address : address + size]
                for content in contents
                for address, size, _ in record_of(content)[1][name].tolist()
            ]
            assert sorted(raw) == sorted(kept)


@pytest.mark.parametrize("number", [1, 30, 90, 110])
def test_a_signal_while_hdf5_writes_leaves_no_partial_output(tmp_path, monkeypatch, number):
    job, writes, known = made_up_job(tmp_path), itertools.count(1), hdf5_writer.write_at

    def interrupted(raw, address, data):
        if next(writes) == number:
            raise InterruptedScan("stopped")
        return known(raw, address, data)

    with monkeypatch.context() as patch:
        patch.setattr(hdf5_writer, "write_at", interrupted)
        with pytest.raises(InterruptedScan):
            run(job)
    assert [path.name for path in tmp_path.iterdir()] == [job.folder.name]
    run(job)
    assert wrong_output(job) == []


def stopped_before_clearing(job):
    """As killed between the moments when the output has its name and when the folder goes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_room, "clear", lambda folder: None)
        run(job)
    assert job.output.exists()
    assert list(job.folder.glob("tile-*.tile"))


def test_what_a_finished_run_left_goes_and_what_is_to_replace_it_stays(tmp_path):
    job = made_up_job(tmp_path)
    stopped_before_clearing(job)
    assert left_to_do([job], force=False) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]
    with owned(prepare(job).folder, part=(1, 1)):  # as jaxtri scan --part 1/1 --force
        run_part(job, in_threads(1), range(4))
    before = sorted(job.folder.iterdir())
    assert left_to_do([job], force=False) == []
    assert sorted(job.folder.iterdir()) == before
    join(job, [], force=True)
    assert wrong_output(job) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_break_lock_clears_up_after_a_run_on_another_host(tmp_path):
    job = made_up_job(tmp_path)
    stopped_before_clearing(job)
    elsewhere = {"host": "elsewhere", "namespace": "1", "pid": 12, "since": 1.0}
    (job.folder / "owner.json").write_text(json.dumps(elsewhere))
    with pytest.raises(StorageError, match=r"on elsewhere.*pass --break-lock"):
        left_to_do([job], force=False)
    assert left_to_do([job], force=False, break_lock=True) == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_an_output_in_a_folder_that_cannot_be_written_is_there_nevertheless(tmp_path, monkeypatch):
    job = made_up_job(tmp_path)
    stopped_before_clearing(job)

    def refused(*arguments, **options):
        raise StorageError("cannot be written (Read-only file system)")

    monkeypatch.setattr(resume, "owned", refused)
    assert left_to_do([job], force=False) == []


def test_a_symbolic_link_is_not_replaced(tmp_path):
    """What it points to counts where nothing is replaced."""
    job = made_up_job(tmp_path)
    run(job)
    link = dataclasses.replace(job, output=tmp_path / "link.h5")
    link.output.symlink_to(job.output)
    assert left_to_do([link], force=False) == []
    with pytest.raises(StorageError, match=r"link\.h5: is a symbolic link to .*; name that file"):
        check_outputs([one.output for one in left_to_do([link], force=True)], 0, force=True)


def test_who_merges_need_not_have_the_versions_of_who_computed(tmp_path):
    job = made_up_job(tmp_path)
    run(job)
    newer = as_another(job, versions={"jaxtri": "1"})
    assert left_to_do([newer], force=False, any_versions=True) == []
    with pytest.raises(StorageError, match=r'exists, of another scan; .*\n  versions\.jaxtri: "0" -> "1"'):
        left_to_do([newer], force=False)


def test_no_file_is_open_when_the_folder_goes(tmp_path, monkeypatch):
    """Network file systems keep an open file under another name, and the folder with it."""
    open_then, known = [], Path.rmdir

    def looking(folder):
        targets = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        open_then.extend(one for one in targets if str(folder) in one)
        known(folder)

    monkeypatch.setattr(Path, "rmdir", looking)
    job = made_up_job(tmp_path)
    run(job)
    assert not job.folder.exists()
    assert open_then == []
    with owned(prepare(job).folder):
        run_part(job, in_threads(1), range(4))
    join(job, [], force=True)
    assert open_then == []
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


@pytest.mark.parametrize("link", [False, True], ids=["a file", "a link to nowhere"])
def test_nothing_is_computed_for_an_output_that_is_there_meanwhile(tmp_path, link):
    job = prepare(made_up_job(tmp_path))
    if link:
        job.output.symlink_to(tmp_path / "nowhere")
    else:
        job.output.write_bytes(b"of somebody else")

    def never(job, tiles):
        raise AssertionError("computed")

    with owned(job.folder), pytest.raises(StorageError, match="appeared meanwhile; nothing was overwritten"):
        run_job(job, never)
    with pytest.raises(StorageError, match="exists; choose another output"):
        check_outputs([job.output], 0, force=False)


def test_tiles_of_an_earlier_version_are_named_and_kept_until_forced(tmp_path):
    """Its plan says nothing of the folder's layout."""
    job = prepare(made_up_job(tmp_path))
    plan = job.folder / PLAN
    said = json.loads(plan.read_text())
    del said["layout"]
    plan.write_text(json.dumps(said))
    (job.folder / "tile-00000.npz").write_bytes(b"of the earlier version")
    with pytest.raises(InputError, match=r"another version of jaxtri.*finish the scan with that version"):
        prepare(job)
    assert (job.folder / "tile-00000.npz").exists()
    assert "another version" in status.progress_of(job.folder).title
    again = prepare(job, force=True)
    assert not (job.folder / "tile-00000.npz").exists()
    with owned(again.folder):
        run_job(again, in_threads(1))
    assert wrong_output(job) == []
