"""How scans are cut.  Oracle: counting every cell once, and the limits that the constants state."""

import dataclasses
import json
import math

import numpy as np
import pytest

from jaxtri.durable.jobs.memory import BASE, parse, workers_within
from jaxtri.durable.storage import tiling as rules
from jaxtri.durable.storage.tiling import Plan, extents, make_plan, parse_part
from jaxtri.errors import InputError
from jaxtri.scans.arrays import ARRAYS, OF_A_MODEL, REDUCTIONS, USUAL, array_plans

LABELS = {"search": 27, "channel": 9, "final_state": 5, "range_end": 2}
CORES = 4
SIZES = {
    "small": {"m_X": 2, "g_X": 2},
    "figure": {"m_X": 1000, "g_X": 1000},
    "long masses": {"m_X": 100_000, "g_X": 10_000},
    "long couplings": {"m_X": 3, "g_X": 1_000_000},
    "odd": {"m_X": 131, "g_X": 503},
    "nuisance": {"draw": 10_000, "m_X": 50, "g_X": 40},
    "many axes": {"a": 3, "b": 4, "c": 5, "m_X": 130, "g_X": 60},
    "a cluster": {"a": 1000, "m_X": 10_000, "g_X": 100_000},
}


def cut(sizes, arrays=USUAL, **options):
    return make_plan(sizes, array_plans(arrays, LABELS, "float32"), compression="gzip", key="k", **options)


@pytest.mark.parametrize("arrays", [USUAL, REDUCTIONS], ids=["all", "reductions"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_limits(sizes, arrays):
    plan = cut(sizes, arrays)
    assert plan.count <= rules.MOST_TILES
    assert math.prod(plan.chunk) <= rules.CHUNK_CELLS
    for tile, chunk, whole in zip(plan.tile, plan.chunk, plan.shape, strict=True):
        assert tile % chunk == 0 or tile == whole
    assert plan.cells == math.prod(sizes.values())
    if plan.cells < 1e9:  # beyond, tiles grow so that there are not too many
        assert plan.bytes_of(math.prod(plan.tile)) <= rules.TILE_BYTES
        assert math.prod(plan.tile[:-1]) <= max(rules.TILE_COLUMNS, math.prod(plan.chunk[:-1]))
    assert Plan.from_json(json.loads(json.dumps(dataclasses.asdict(plan)))) == plan
    assert cut(sizes, arrays) == plan


@pytest.mark.parametrize("name", ["small", "figure", "odd", "many axes"])
def test_tiles_and_chunks_cover_every_cell_once(name):
    plan = cut(SIZES[name])
    seen = np.zeros(plan.shape, np.uint8)
    for tile in range(plan.count):
        for box in plan.chunks(plan.box(tile)):
            assert all(size <= chunk for size, chunk in zip(extents(box), plan.chunk, strict=True))
            seen[tuple(slice(*ends) for ends in box)] += 1
    assert np.all(seen == 1)


def test_what_axes_share_is_in_one_tile():
    """Along further axes a tile is whole before it is along m_X: decays of X are computed once a mass."""
    plan = cut({"m_t": 20, "m_X": 5000, "g_X": 100}, REDUCTIONS)
    assert plan.tile[0] == 20
    assert plan.tile[1] < 5000


def test_few_padded_cells():
    """An axis a little longer than a chunk is halved, not cut into a whole chunk and a sliver."""
    plan = cut({"m_X": 126, "g_X": 501})
    assert plan.chunk == (63, 251)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "a/b", "1/0", "-1/3", "1/3/5", "1.0/3"])
def test_a_part_of_an_array_is_i_of_n(text):
    assert parse_part("3/3") == (3, 3)
    with pytest.raises(InputError, match="give i/n with 1 <= i <= n"):
        parse_part(text)


def test_memory():
    assert parse("1GiB") == 2**30
    assert parse("1.5 GB") == 1_500_000_000
    assert parse("800000000") == 800_000_000
    for wrong in ("", "much", "-1GiB", "1 TB", "1GiBs"):
        with pytest.raises(InputError, match="give a number and one of"):
            parse(wrong)


def test_workers_fit_into_memory():
    plans = [cut(SIZES["figure"])]
    assert workers_within(1 << 40, plans, CORES) >= 1
    assert workers_within(BASE + (200 << 20), plans, CORES) <= workers_within(1 << 40, plans, CORES)
    with pytest.raises(InputError, match=r"^memory 100 MiB: this scan needs at least \d+ MiB"):
        workers_within(100 << 20, plans, CORES)


def test_every_array_has_a_place():
    plan = cut(SIZES["many axes"], OF_A_MODEL)
    for name in OF_A_MODEL:
        shape, chunk = plan.array_shape(name), plan.array_chunk(name)
        assert len(shape) == len(chunk) if chunk else "g_X" not in ARRAYS[name].dims
