"""What is remembered of a chunk tells whether it is still what was stored.

Oracle: changes of the test's own making; that HDF5 reckons the same sum is seen wherever it reads a file.
"""

import random
import zlib

import numpy as np
import pytest

from jaxtri.durable.storage.chunk_bytes import SUM, checksum, is_sound, packed

SHAPE = (3, 3, 50)
CHANGES = 400  # single bits, at random


@pytest.fixture(params=["none", "gzip"])
def stored(request):
    values = np.random.default_rng(2).normal(size=SHAPE).astype(np.float32)
    data = bytes(packed(values, SHAPE, request.param))
    return data, checksum(data, request.param), request.param


def test_what_was_stored_is_sound(stored):
    data, remembered, compression = stored
    assert is_sound(data, len(data), remembered, compression)


def test_every_changed_bit_is_noticed(stored):
    data, remembered, compression = stored
    chosen = random.Random(3)
    for _ in range(CHANGES):
        changed = bytearray(data)
        changed[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        assert not is_sound(bytes(changed), len(data), remembered, compression)


@pytest.mark.parametrize("left", [0, 3, 4, 100, -1])
def test_what_is_cut_short_or_was_never_written_is_noticed(stored, left):
    data, remembered, compression = stored
    assert not is_sound(data[:left], len(data), remembered, compression)
    holes = data[:left] + bytes(len(data) - len(data[:left]))  # as after a torn write
    assert not is_sound(holes, len(data), remembered, compression)


def test_another_chunk_that_is_whole_is_noticed(stored):
    _, remembered, compression = stored
    other = bytes(packed(np.ones(SHAPE, dtype=np.float32), SHAPE, compression))
    assert is_sound(other, len(other), checksum(other, compression), compression)
    assert not is_sound(other, len(other), remembered, compression)


def test_nothing_is_summed_twice():
    """An uncompressed chunk has its sum already; a compressed one is small."""
    data = bytes(packed(np.ones(SHAPE), SHAPE, "none"))
    assert checksum(data, "none") == SUM.unpack(data[-SUM.size :])[0] != zlib.crc32(data)
