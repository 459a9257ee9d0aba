"""Errors of the inputs, and the correlations between them where they are known."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxtri.errors import InputError, unknown_name
from jaxtri.model.standard_model import StandardModel, input_entries, input_values
from jaxtri.numerics.arrays import FloatArray
from jaxtri.tables.reader import FOLDER, read
from jaxtri.tables.schema import Correlation, CorrelationTable

ROUNDED = 1e-12  # an eigenvalue of a correlation matrix above minus this is not negative


@dataclass(frozen=True)
class Correlations:
    """Correlation coefficients of some inputs; all others are independent."""

    names: tuple[str, ...] = ()  # an element of a list is "name[0]"
    matrix: tuple[tuple[float, ...], ...] = ()

    def root(self) -> FloatArray:
        """Matrix that turns independent standard normal numbers into correlated ones."""
        values, vectors = np.linalg.eigh(np.reshape(self.matrix, (len(self.names),) * 2))
        return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


INDEPENDENT = Correlations()


def known_correlations(own: Sequence[Correlation] = ()) -> Correlations:
    """Return the correlations of the shipped table and of a scan file; the latter come first.

    Raises
    ------
    InputError
        If a name is unknown, a pair is given twice, or no random numbers can be correlated like that.
    """
    shipped = read(FOLDER / "correlations.toml", CorrelationTable).correlations
    pairs = _pairs(shipped, "tables/correlations.toml") | _pairs(own, "correlations")
    names = tuple(sorted({name for pair in pairs for name in pair}))
    matrix = np.eye(len(names))
    for pair, value in pairs.items():
        for i, j in itertools.permutations(map(names.index, pair)):
            matrix[i, j] = value
    if len(names) and np.linalg.eigvalsh(matrix)[0] < -ROUNDED:
        raise InputError(
            f"correlations of {', '.join(names)}: the smallest eigenvalue of their matrix is "
            f"{np.linalg.eigvalsh(matrix)[0]:.3g}, but none can be negative; check the coefficients"
        )
    return Correlations(names, tuple(map(tuple, matrix.tolist())))


def _pairs(given: Iterable[Correlation], where: str) -> dict[tuple[str, str], float]:
    """Coefficients by pair of names in alphabetical order."""
    known = _elements()
    pairs: dict[tuple[str, str], float] = {}
    for one in given:
        for name in one.inputs:
            if name not in known:
                raise unknown_name(where, "input", name, known)
        first, second = sorted(one.inputs)
        if first == second or (first, second) in pairs:
            raise InputError(f"{where}: inputs = {one.inputs}: give every pair of two inputs once")
        pairs[first, second] = one.value
    return pairs


def _elements() -> list[str]:
    """Names of all inputs that are one number."""
    names = []
    for name, entry in input_entries().items():
        several = isinstance(entry.value, list)
        names += [f"{name}[{i}]" for i in range(np.size(entry.value))] if several else [name]
    return names


def input_errors(sm: StandardModel) -> dict[str, Any]:
    """Return 1 sigma of every input by name, 0 where the tables have none or the user replaced the value."""
    used = input_values(sm)
    errors = {}
    for name, entry in input_entries().items():
        each = isinstance(entry.value, list)  # a list has an error an element, a number its larger side
        given = 0.0 if entry.error is None or used[name] != entry.value else entry.error
        error = np.asarray(given, dtype=float)
        errors[name] = np.broadcast_to(error if each else error.max(), np.shape(entry.value)).copy()
    return errors


def chosen(values: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    """Elements by name of arrays whose last axis, if the name has one, is that of the list."""
    found = []
    for name in names:
        stem, _, rest = name.partition("[")
        found.append(np.asarray(values[stem])[..., int(rest[:-1])] if rest else np.asarray(values[stem]))
    return found


def variance(parts: Mapping[str, FloatArray], correlations: Correlations) -> FloatArray:
    """Variance of a sum of moves, each by 1 sigma of an input: (vertex,), or (vertex, i) of a list."""
    squares = [(part**2).reshape(len(part), math.prod(part.shape[1:])) for part in parts.values()]
    total = np.concatenate(squares, axis=1).sum(axis=1)
    if correlations.names:
        some = np.stack(chosen(parts, correlations.names), axis=-1)
        beside = np.array(correlations.matrix) - np.eye(len(correlations.names))
        total = total + np.einsum("ni,ij,nj->n", some, beside, some)
    return np.maximum(total, 0.0)


def normal_draws(
    values: Mapping[str, Any], errors: Mapping[str, Any], correlations: Correlations, draws: int, seed: int
) -> dict[str, FloatArray]:
    """Return random inputs, normally distributed about their values, (draw, ...)."""
    random = np.random.default_rng(seed)
    normal = {name: random.normal(size=(draws, *np.shape(value))) for name, value in values.items()}
    if correlations.names:
        mixed = np.stack(chosen(normal, correlations.names), axis=-1) @ correlations.root()
        for name, numbers in zip(correlations.names, mixed.T, strict=True):
            chosen(normal, [name])[0][...] = numbers
    return {name: np.asarray(value) + errors[name] * normal[name] for name, value in values.items()}
