"""Chunks of an array as HDF5 stores them: packed outside the library, in threads."""

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

COMPRESSION = 1  # zlib level; higher ones buy less than 4 %


def packed(values: npt.NDArray[Any], shape: tuple[int, int]) -> bytes:
    """One chunk as HDF5 stores it: padded, bytes shuffled by significance, deflated."""
    if values.shape != shape:
        values = np.pad(values, [(0, full - part) for full, part in zip(shape, values.shape, strict=True)])
    flat = np.ascontiguousarray(values)
    if flat.itemsize > 1:
        flat = np.ascontiguousarray(flat.view(np.uint8).reshape(-1, flat.itemsize).T)
    return _deflate(flat.tobytes())


try:
    from isal import isal_zlib

    def _deflate(data: bytes) -> bytes:
        """Deflate with the vectorised library of the extra ``fast``."""
        return isal_zlib.compress(data, COMPRESSION)

except ImportError:

    def _deflate(data: bytes) -> bytes:
        """Deflate with the standard library."""
        return zlib.compress(data, COMPRESSION)
