"""Datasets whose every byte is under a checksum that any reader of HDF5 verifies.

Arrays are stored in chunks with a Fletcher checksum, or with that of gzip; texts are stored in full, as
UTF-8 of a fixed length: HDF5 keeps text of variable length where no checksum reaches.  Shapes, types and
attributes are metadata, under checksums since HDF5 1.10.
"""

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt


class NotAScan(ValueError):
    """Something in a file is not what we write; who opens the file says so, with its name."""


def add_array(group: Any, name: str, values: npt.NDArray[Any]) -> Any:
    """Add an array."""
    checked = {"fletcher32": True} if np.size(values) else {}  # what is empty has no chunks
    return group.create_dataset(name, data=values, **checked)


def add_texts(group: Any, name: str, texts: Sequence[str]) -> Any:
    """Add texts along one dimension."""
    encoded = [text.encode() for text in texts]
    longest = max([1, *map(len, encoded)])
    stored = h5py.string_dtype("utf-8", longest)
    checked = {"fletcher32": True} if encoded else {}
    return group.create_dataset(name, data=np.array(encoded, dtype=stored), **checked)


def read_texts(dataset: Any) -> list[str]:
    """Texts along one dimension, or one text, of this or an earlier form."""
    found = dataset[...]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in np.ravel(found).tolist()]


def describe(item: Any, **attributes: Any) -> None:
    """Set attributes; texts are stored in the header itself, under its checksum, like numbers."""
    for name, value in attributes.items():
        if isinstance(value, str):
            encoded = value.encode()
            stored = np.array(encoded, dtype=h5py.string_dtype("utf-8", max(1, len(encoded))))
            item.attrs.create(name, stored)
        else:
            item.attrs[name] = value


def text_of(item: Any, name: str) -> str:
    """An attribute that is a text, of this or an earlier form.

    Raises
    ------
    KeyError, NotAScan
        If there is none, or it is something else.
    """
    text = item.attrs[name]
    if isinstance(text, bytes):
        return text.decode()
    if not isinstance(text, str):
        raise NotAScan(f"attribute {name} is no text")
    return text


def has_checksum(item: Any) -> bool:
    """Whether an object is a dataset whose bytes can be verified; lists of names have a copy that can."""
    return isinstance(item, h5py.Dataset) and not h5py.check_vlen_dtype(item.dtype) and item.dtype.kind != "O"
