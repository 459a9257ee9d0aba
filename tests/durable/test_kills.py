"""The installed command, stopped at any time: the same command resumes, and nothing is lost or changed.

Oracle: an uninterrupted run, bit for bit.  `test_faults.py` tries every call of the storage layer; here whole
processes are killed at random times, at whatever they do then.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import pytest

from jaxtri.durable.jobs.job import read_plan
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tile_files import finished_tiles, tile_path
from made_up_job import record_of, with_record
from many_tiles import NAME, OUTPUT, SPEC, TILES, parts, place, stored, tile_files
from places import AS_IN_A_TERMINAL, PATIENCE_S, PROGRAM

LANES = 2  # scans side by side
KILLS, MOST_KILLS = 25, 100  # of each; the latter until every stage was hit, on any machine
STAGES = (
    ("before its folder was its own",), ("before the first tile",), ("between tiles",),
    ("after the last", "after the output appeared"),
)  # fmt: skip
SHORTEST = -2  # power of ten of the least of these times, for machines of any speed:
START_S = 2.0  # kills that are to come early come within this time from the start,
OWNED_S = 1.0  # from when the folder is owned,
TILE_S = 0.1  # from when a tile file is there,
FINISH_S = 0.4  # or from when the last one is
POLL_S = 0.005
TERMINATED, INTERRUPTED = 75, 130  # exit codes
CORRUPTIONS = ("a flipped byte", "cut short", "of another scan", "a torn record", "nearly empty")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def start(cache):
    """Start the command in a folder; SIGINT is what it is in a terminal."""

    def begin(folder, *arguments):
        return subprocess.Popen(
            [sys.executable, "-c", AS_IN_A_TERMINAL, PROGRAM, *arguments], cwd=folder, text=True,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            process_group=0,
        )  # fmt: skip

    return begin


@pytest.fixture(scope="module")
def run(start):
    def whole(folder, *arguments):
        process = start(folder, *arguments)
        said, complaint = process.communicate(timeout=PATIENCE_S)
        return process.returncode, said, complaint

    return whole


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """Arrays of an uninterrupted run; it also leaves the compiled kernels that all others use."""
    folder = place(tmp_path_factory.mktemp("whole"))
    assert run(folder, "scan", NAME, "--quiet")[0] == 0
    return stored(folder / OUTPUT)


@pytest.fixture(scope="module")
def computed(run, whole, tmp_path_factory):
    """A folder with every tile and no output: part 1/1 of a job array; to be copied."""
    folder = place(tmp_path_factory.mktemp("computed"))
    code, said, _ = run(folder, "scan", NAME, "--quiet", "--part", "1/1")
    assert code == 0
    assert f"{TILES} of {TILES} tiles are there; next: jaxtri merge" in said
    return folder


@pytest.fixture
def ready(computed, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(computed, tmp_path / "ready"))


@pytest.fixture
def begun(ready):
    """One with few tiles."""
    for path in tile_files(ready)[2:]:
        path.unlink()
    return ready


@pytest.fixture
def folder(tmp_path):
    return place(tmp_path)


def finish(run, folder, whole, *options):
    """Run the command to its end; the result is that of an uninterrupted run, and nothing else is left."""
    code, _, complaint = run(folder, "scan", NAME, "--quiet", *options)
    assert (code, complaint) == (0, "")
    check_result(folder, whole)


def check_result(folder, whole):
    assert stored(folder / OUTPUT) == whole
    assert sorted(path.name for path in folder.iterdir()) == sorted([NAME, OUTPUT])


def wait_for(condition, process):
    """Wait until something is there while a process runs; whether it came."""
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        if condition():
            return True
        time.sleep(POLL_S)
    return condition()


def kill(process):
    process.kill()
    process.communicate()


def owns(process, folder):
    """Whether the folder of tile files is a process's own."""
    try:
        return json.loads((parts(folder) / "owner.json").read_text())["pid"] == process.pid
    except (FileNotFoundError, ValueError):
        return False


def stage(process, folder):
    """What a killed command was doing, by what is there."""
    if (folder / OUTPUT).exists():
        return "after the output appeared"
    if not owns(process, folder):
        return "before its folder was its own"
    done = len(tile_files(folder))
    return "before the first tile" if done == 0 else "between tiles" if done < TILES else "after the last"


def moments(seed):
    """When to kill: since it started or owns its folder, so many more tiles, and then so many seconds."""
    draw = random.Random(seed)

    def within(longest):
        return longest * 10 ** draw.uniform(SHORTEST, 0)

    while True:
        yield "started", 0, within(START_S)
        yield "owned", 0, within(OWNED_S)
        for _ in range(4):
            yield "owned", draw.randint(1, 3), within(TILE_S)
        yield "owned", TILES, within(FINISH_S)


def every_stage(landed):
    return all(sum(landed[name] for name in names) for names in STAGES)


def killed_again_and_again(start, run, folder, whole, seed):
    """Kill and start again; a scan that comes to its end is compared, and begun again."""
    landed = Counter()
    for since, more, delay in moments(seed):
        process = start(folder, "scan", NAME, "--quiet")
        enough = min(TILES, len(tile_files(folder)) + more)
        if since == "owned":
            wait_for(lambda one=process: owns(one, folder), process)
            wait_for(lambda most=enough: len(tile_files(folder)) >= most, process)
        time.sleep(delay)
        if process.poll() is None:
            kill(process)
            landed[stage(process, folder)] += 1
        else:
            said, complaint = process.communicate()
            assert (process.returncode, complaint) == (0, ""), said
        if (folder / OUTPUT).exists() and not parts(folder).exists():
            assert stored(folder / OUTPUT) == whole
            (folder / OUTPUT).unlink()
        if landed.total() >= (KILLS if every_stage(landed) else MOST_KILLS):
            break
    finish(run, folder, whole)
    return landed


@pytest.mark.long
def test_killed_at_random_times_it_resumes_bit_for_bit(start, run, whole, tmp_path, record_property):
    folders = [tmp_path / str(lane) for lane in range(LANES)]
    for one in folders:
        one.mkdir()
        place(one)
    with ThreadPoolExecutor(LANES) as pool:
        some = pool.map(
            lambda lane: killed_again_and_again(start, run, folders[lane], whole, lane), range(LANES)
        )
        landed = sum(some, Counter())
    record_property("kills", dict(landed))
    print("kills:", dict(landed))
    assert landed.total() >= LANES * KILLS
    assert every_stage(landed)


def test_stopped_by_signals_it_says_so_and_resumes(start, run, whole, folder):
    """SIGTERM, as a batch system sends it, then Ctrl-C."""
    done = 0
    for number, code, message in (
        (signal.SIGTERM, TERMINATED, "stopped; finished tiles are kept; the same command resumes"),
        (signal.SIGINT, INTERRUPTED, "interrupted; finished tiles are kept; the same command resumes"),
    ):
        process = start(folder, "scan", NAME, "--quiet")
        assert wait_for(lambda most=done: len(tile_files(folder)) > most, process)
        process.send_signal(number)
        _, complaint = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, complaint) == (code, f"jaxtri: {message}\n")
        assert done < len(tile_files(folder)) < TILES
        assert [path.name for path in parts(folder).iterdir() if path.name.startswith((".", "owner"))] == []
        done = len(tile_files(folder))
    kept = {path: path.stat().st_mtime_ns for path in tile_files(folder)}
    process = start(folder, "scan", NAME, "--quiet")
    assert wait_for(lambda: len(tile_files(folder)) > done, process)
    process.send_signal(signal.SIGSTOP)  # or it may finish, and clear its folder, meanwhile
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # not computed again
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=PATIENCE_S)
    check_result(folder, whole)


@pytest.mark.long
def test_ctrl_c_with_workers_is_one_sentence_and_threads_resume(start, run, whole, folder):
    """A terminal sends it to the workers, too."""
    process = start(folder, "scan", NAME, "--quiet", "--workers", "2")
    assert wait_for(lambda: len(tile_files(folder)) > 0, process)
    os.killpg(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=PATIENCE_S)
    message = "jaxtri: interrupted; finished tiles are kept; the same command resumes\n"
    assert (process.returncode, complaint) == (INTERRUPTED, message)
    finish(run, folder, whole)


@pytest.fixture
def held(start, whole, folder):
    """A scan that is running for as long as a test wants: it is halted."""
    process = start(folder, "scan", NAME, "--quiet")
    assert wait_for(lambda: len(tile_files(folder)) > 0, process)
    process.send_signal(signal.SIGSTOP)
    yield process
    kill(process)


@pytest.mark.long
def test_one_writer_at_a_time_and_a_dead_one_is_replaced(run, whole, folder, held):
    there = {path.name for path in parts(folder).iterdir() if not path.name.startswith(".")}
    refusal = f"jaxtri: {OUTPUT}.parts: in use by process {held.pid} on {socket.gethostname()}"
    code, _, complaint = run(folder, "scan", NAME, "--quiet")
    assert (code, complaint.startswith(refusal), complaint.count("\n")) == (4, True, 1)
    place(folder, SPEC.replace("max = 90.0", "max = 80.0"))
    code, _, complaint = run(folder, "scan", NAME, "--quiet", "--force")  # would throw everything away
    assert (code, complaint.startswith(refusal)) == (4, True)
    assert {path.name for path in parts(folder).iterdir() if not path.name.startswith(".")} == there
    place(folder)
    for named in (OUTPUT, f"{OUTPUT}.parts"):
        said = run(folder, "info", named)[1]
        assert f"of {TILES} tiles" in said
        assert f"process {held.pid} on {socket.gethostname()}" in said
        assert ": running" in said
    kill(held)
    assert ": dead; the same command resumes" in run(folder, "info", OUTPUT)[1]
    missing = [tile for tile in range(TILES) if not tile_path(parts(folder), tile).exists()]
    assert f"  missing: {', '.join(map(str, missing))}\n" in run(folder, "info", ".")[1]
    finish(run, folder, whole)


@pytest.mark.long
def test_an_owner_on_another_host_is_believed_until_told_otherwise(run, whole, begun):
    owner = {"host": "elsewhere", "namespace": "1", "pid": os.getpid(), "since": time.time()}
    (parts(begun) / "owner.json").write_text(json.dumps(owner))
    assert "another host or container: unknown" in run(begun, "info", OUTPUT)[1]
    code, _, complaint = run(begun, "scan", NAME, "--quiet")
    assert code == 4
    assert f"in use by process {os.getpid()} on elsewhere" in complaint
    assert complaint.endswith("if it is gone, pass --break-lock\n")
    finish(run, begun, whole, "--break-lock")


@pytest.mark.long
def test_a_changed_scan_file_is_refused_with_what_changed(run, begun):
    place(begun, SPEC.replace("max = 90.0", "max = 80.0"))
    before = {path: path.read_bytes() for path in parts(begun).iterdir()}
    code, _, complaint = run(begun, "scan", NAME, "--quiet")
    assert code == 2
    assert complaint.splitlines()[1:] == ["  axes.m_X.max: 90.0 -> 80.0"]
    assert {path: path.read_bytes() for path in parts(begun).iterdir()} == before
    assert run(begun, "scan", NAME, "--quiet", "--force")[0] == 0
    assert not parts(begun).exists()
    with h5py.File(begun / OUTPUT, "r") as file:
        assert file["m_X"][-1] == 80.0


def corrupt(folder, tile, how):
    """Spoil a tile file."""
    path = tile_path(folder, tile)
    content = path.read_bytes()
    said, arrays = record_of(content)
    if how == "a flipped byte":  # of a chunk
        path.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    elif how == "cut short":
        path.write_bytes(content[:-1])
    elif how == "of another scan":  # sound in itself
        path.write_bytes(with_record(content, said | {"key": "0" * 64}, arrays))
    elif how == "a torn record":
        path.write_bytes(content[:-100] + bytes(88) + content[-12:])
    else:
        path.write_bytes(content[:5])


@pytest.fixture(scope="module")
def spoiled(computed, tmp_path_factory):
    """A folder with every tile file, some of them corrupt; and which, by what was done."""
    folder = Path(shutil.copytree(computed, tmp_path_factory.mktemp("spoiled") / "scan"))
    tiles = dict(zip(CORRUPTIONS, (0, 2, 5, 7, 9), strict=True))
    for how, tile in tiles.items():
        corrupt(parts(folder), tile, how)
    return folder, tiles


def test_a_sound_folder_has_every_tile(ready):  # so that the next test says something
    plan = read_plan(parts(ready)).plan
    assert finished_tiles(parts(ready), plan, range(TILES)) == set(range(TILES))


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_a_corrupt_tile_file_is_put_aside(spoiled, tmp_path, how):
    folder, tiles = spoiled
    copy = Path(shutil.copytree(parts(folder), tmp_path / "parts"))
    plan = read_plan(copy).plan
    assert tiles[how] not in finished_tiles(copy, plan, range(TILES))
    assert not tile_path(copy, tiles[how]).exists()
    assert tile_path(copy, tiles[how]).with_suffix(".bad").exists()


@pytest.mark.long
def test_what_corrupt_tile_files_held_is_computed_again(run, whole, spoiled):
    finish(run, spoiled[0], whole)


@pytest.mark.long
def test_a_finished_scan_with_its_folder_left_over_is_cleared_up(run, whole, ready, computed):
    """As after a kill between the output and the end."""
    assert run(ready, "merge", NAME)[0] == 0
    check_result(ready, whole)
    inode = (ready / OUTPUT).stat().st_ino
    there = f"{OUTPUT}: already complete; use --force to recompute\n"
    for command in (("scan", NAME, "--part", "1/3"), ("merge", NAME), ("scan", NAME)):
        parts(ready).mkdir()
        shutil.copy(parts(computed) / "plan.json", parts(ready))
        (parts(ready) / f"output-{inode}").touch()
        assert run(ready, *command) == (0, there, "")
        check_result(ready, whole)
        assert (ready / OUTPUT).stat().st_ino == inode
    shutil.copytree(parts(computed), parts(ready))  # as of parts that were to replace it
    kept = f"{there}left alone, tiles of a run to replace it: {OUTPUT}.parts\n"
    assert run(ready, "scan", NAME) == (0, kept, "")
    assert len(tile_files(ready)) == TILES
    shutil.rmtree(parts(ready))
    parts(ready).mkdir()  # as a network file system may leave it
    code, said, _ = run(ready, "info", OUTPUT)
    assert (code, "being replaced" in said) == (0, False)
    place(ready, SPEC.replace("max = 90.0", "max = 80.0"))
    code, _, complaint = run(ready, "scan", NAME, "--quiet")
    assert (code, f"{OUTPUT}: exists" in complaint) == (4, True)


@pytest.mark.long
def test_parts_of_a_job_array_side_by_side_then_merged(start, run, whole, folder):
    def part(i):
        return start(folder, "scan", NAME, "--quiet", "--part", f"{i}/3")

    parts(folder).mkdir()
    with owned(parts(folder), part=(1, 3)):  # by this process
        processes = [part(2), part(3)]
        assert wait_for(lambda: (parts(folder) / "plan.json").exists(), processes[0])
        code, _, complaint = run(folder, "scan", NAME, "--quiet", "--part", "1/3")
        assert (code, f"in use by process {os.getpid()}" in complaint) == (4, True)
        code, _, complaint = run(folder, "merge", NAME)
        assert (code, f"in use by process {os.getpid()}" in complaint) == (4, True)
    processes.insert(0, part(1))
    for process, count in zip(processes, (4, 3, 3), strict=True):
        said, complaint = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, complaint) == (0, "")
        assert f"{count} of {TILES} tiles are there; next: jaxtri merge" in said
    assert len(tile_files(folder)) == TILES
    assert run(folder, "merge", NAME)[:2] == (0, f"wrote {OUTPUT}\n")
    check_result(folder, whole)


def test_tiles_of_several_folders_are_merged_and_a_missing_one_is_named(run, whole, ready, tmp_path):
    places = [tmp_path / "first", tmp_path / "second" / f"{OUTPUT}.parts", tmp_path / "third"]
    for one in places:
        one.mkdir(parents=True)
        shutil.copy(parts(ready) / "plan.json", one)
    for tile, path in enumerate(tile_files(ready)):
        path.rename(places[tile % 3] / path.name)
    shutil.rmtree(parts(ready))
    missing = tile_path(places[1], 7)
    missing.rename(tmp_path / "kept")
    command = "merge", NAME, "-o", OUTPUT, *(tmp_path / name for name in ("first", "second", "third"))
    told = f"jaxtri: {OUTPUT}: 1 of {TILES} tiles"
    advice = "run jaxtri scan --part i/n again for their parts, i = tile mod n + 1"
    code, _, complaint = run(ready, *command)
    assert (code, complaint) == (2, f"{told} are missing: 7; {advice}\n")
    (tmp_path / "kept").rename(missing)
    assert run(ready, *command)[:2] == (0, f"wrote {OUTPUT}\n")
    check_result(ready, whole)
