"""Chunks of an array as HDF5 stores them: packed, or summed, outside the library and in threads."""

import struct
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

COMPRESSION = 1  # zlib level; higher ones buy less than 4 %
ROW = 256  # words
SUM = struct.Struct("<I")
ONES = 0xFFFF  # Fletcher's sums are taken modulo this
Data = bytes | memoryview  # of a chunk as it is stored


def packed(values: npt.NDArray[Any], shape: tuple[int, ...], compression: str) -> Data:
    """One chunk as HDF5 stores it: padded, then shuffled and deflated ("gzip"), or with its sum ("none")."""
    if values.shape != shape:
        values = np.pad(values, [(0, full - part) for full, part in zip(shape, values.shape, strict=True)])
    flat = np.ascontiguousarray(values).reshape(-1)
    if compression == "none":
        stored = np.empty(flat.nbytes + SUM.size, dtype=np.uint8)
        stored[: flat.nbytes] = flat.view(np.uint8)
        SUM.pack_into(stored.data, flat.nbytes, fletcher32(stored[: flat.nbytes].data))
        return stored.data
    bits = flat.view(f"u{flat.itemsize}")
    if len(bits) and bits[0] == bits[-1] and (bits == bits[0]).all():
        return _uniform(flat[:1].tobytes(), len(flat))
    if flat.itemsize > 1:
        flat = np.ascontiguousarray(flat.view(np.uint8).reshape(-1, flat.itemsize).T)
    return _deflate(flat.tobytes())


@lru_cache(maxsize=64)
def _uniform(value: bytes, count: int) -> bytes:
    """One value everywhere, shuffled and deflated: a search has no data in most chunks of a plane."""
    return _deflate(b"".join(bytes([one]) * count for one in value))


def checksum(data: Data, compression: str) -> int:
    """What is to be remembered of a chunk as it is stored: the sum at its end, or a CRC where it has none.

    The sum takes a word of zeros for one of ones, here as for every reader of the finished file.
    """
    if compression == "none":
        return int(SUM.unpack_from(data, len(data) - SUM.size)[0])
    return zlib.crc32(data)


def is_sound(data: Data, size: int, remembered: int, compression: str) -> bool:
    """Whether a chunk is what was stored, by its size and what is remembered of it."""
    if len(data) != size or checksum(data, compression) != remembered:
        return False
    return compression != "none" or fletcher32(memoryview(data)[: -SUM.size]) == remembered


def fletcher32(data: Data) -> int:
    """Fletcher's checksum as the HDF5 library reckons it: words with the high byte first.

    Swapping the bytes of a word is multiplying it by 256 modulo 65535, so that the sums are taken over
    words as the machine reads them.  Sums along rows and columns of a table are whole numbers of 32 bits
    for data of up to 32 MB; BLAS, whose threads go on spinning, is not asked.
    """
    words = np.frombuffer(bytes(data) + bytes(1) if len(data) % 2 else data, dtype="<u2")
    count, rows = len(words), -(-len(words) // ROW)
    flat = np.zeros(rows * ROW, dtype=np.uint32)
    flat[:count] = words
    table = flat.reshape(rows, ROW)
    across = table.sum(axis=1, dtype=np.uint32).astype(np.int64)
    down = table.sum(axis=0, dtype=np.uint32).astype(np.int64)
    first = int(across.sum())
    second = count * first - ROW * int((across * np.arange(rows)).sum()) - int((down * np.arange(ROW)).sum())
    return (_folded(256 * second) << 16) | _folded(256 * first)


def _folded(total: int) -> int:
    """Remainder from 1 to 65535 of a positive number, 0 of 0."""
    return (total - 1) % ONES + 1 if total else 0


try:
    from isal import isal_zlib

    def _deflate(data: bytes) -> bytes:
        """Deflate with the vectorised library of the extra ``fast``."""
        return isal_zlib.compress(data, COMPRESSION)

except ImportError:

    def _deflate(data: bytes) -> bytes:
        """Deflate with the standard library."""
        return zlib.compress(data, COMPRESSION)
