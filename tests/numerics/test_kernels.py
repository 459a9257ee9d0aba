"""Executables that are kept: a second process computes the same without tracing.

Oracle: how often a function is traced, and what `jax.jit` alone computes.  A new `Kernel` of a copy of the
function stands for another process: it shares nothing with the first but the folder.
"""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.numerics import kernels
from jaxtri.numerics.kernels import Kernel

X = np.linspace(0.1, 2.0, 7)
LONGEST_S = 1e6  # no compilation takes as long, on any machine


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "_folder", tmp_path / "kernels")
    least = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, least)
    jax.config.update(least, LONGEST_S)  # what JAX's own cache gives could not be kept
    yield tmp_path / "kernels"
    jax.config.update(least, before)


class Wave:
    """A function that notes every time it is traced."""

    def __init__(self):
        traced = self._traced = []

        def wave(record, x):
            traced.append(1)
            return {"sine": jnp.sin(record["a"] * x), "sum": jnp.sum(x)}

        self._function = wave

    @property
    def traced(self):
        """How often."""
        return len(self._traced)

    def kernel(self, **options):
        """A kernel that shares no trace with others."""
        f = self._function
        copy = types.FunctionType(f.__code__, f.__globals__, f.__name__, None, f.__closure__)
        return Kernel(copy, **options)

    def expected(self, record, x):
        """What `jax.jit` computes."""
        return jax.jit(lambda record, x: {"sine": jnp.sin(record["a"] * x), "sum": jnp.sum(x)})(record, x)


@pytest.fixture
def wave():
    return Wave()


def same(one, other):
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


def test_another_process_does_not_trace(folder, wave):
    expected = wave.expected({"a": jnp.asarray(3.0)}, X)
    first, second = wave.kernel(), wave.kernel()
    same(first({"a": 3.0}, X), expected)
    assert wave.traced == 1
    same(first({"a": 3.0}, jnp.asarray(X)), expected)
    same(second({"a": jnp.asarray(3.0)}, X), expected)
    assert wave.traced == 1
    assert len(list(folder.iterdir())) == 1
    assert folder.stat().st_mode & 0o077 == 0  # private
    np.testing.assert_array_equal(second({"a": 2.0}, X)["sine"], jnp.sin(2.0 * X))  # values are no part of it
    assert wave.traced == 1


def test_what_decides_an_executable_is_told_apart(folder, wave, monkeypatch):
    for count, arguments in enumerate(
        [({"a": 3.0}, X), ({"a": 3.0}, X[:3]), ({"a": 3.0}, X.astype("float32")), ({"a": 3.0, "b": 1.0}, X)],
        1,
    ):
        wave.kernel()(*arguments)
        assert wave.traced == len(list(folder.iterdir())) == count
    monkeypatch.setattr(kernels, "_environment", lambda: "another version")
    wave.kernel()({"a": 3.0}, X)
    wave.kernel(quick=False)({"a": 3.0}, X)
    assert wave.traced == len(list(folder.iterdir())) == 6


@pytest.mark.parametrize("how", ["empty", "cut short", "something else", "unreadable"])
def test_a_spoiled_file_is_made_again(folder, wave, how):
    expected = wave.kernel()({"a": 3.0}, X)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    if how == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        spoiled = {"empty": b"", "cut short": whole[: len(whole) // 2], "something else": b"x" * 999}
        path.write_bytes(spoiled[how])
    same(wave.kernel()({"a": 3.0}, X), expected)
    assert wave.traced == 2
    if how != "unreadable":
        same(wave.kernel()({"a": 3.0}, X), expected)
        assert wave.traced == 2  # it is sound again


def test_one_that_loads_and_does_not_run_is_compiled(folder, wave):
    def broken(*arguments):
        raise jax.errors.JaxRuntimeError("NOT_FOUND: Function fusion not found")

    one, leaves = wave.kernel(), jax.tree.flatten(({"a": 3.0}, X))
    expected = one({"a": 3.0}, X)
    assert leaves
    one._known = dict.fromkeys(one._known, broken)
    same(one({"a": 3.0}, X), expected)


def test_nothing_is_kept_where_nothing_can_be(wave, monkeypatch, tmp_path):
    expected = wave.expected({"a": jnp.asarray(3.0)}, X)
    (tmp_path / "file").write_text("no folder")
    for where in (None, tmp_path / "file" / "kernels"):
        monkeypatch.setattr(kernels, "_folder", where)
        same(wave.kernel()({"a": 3.0}, X), expected)
    monkeypatch.setattr(kernels, "_folder", tmp_path / "kernels")
    monkeypatch.setattr(jax, "local_devices", lambda: [0, 1])  # an executable is bound to its device
    same(wave.kernel()({"a": 3.0}, X), expected)
    assert not (tmp_path / "kernels").exists()


def test_an_option_that_is_not_known_is_left_out(folder, wave, monkeypatch):
    monkeypatch.setattr(kernels, "QUICK", {"xla_cpu_no_such_option": True})
    same(wave.kernel()({"a": 3.0}, X), wave.expected({"a": jnp.asarray(3.0)}, X))
    assert list(folder.iterdir())


def test_inside_another_function_it_is_an_ordinary_one(folder, wave):
    one = wave.kernel()
    slope = jax.grad(lambda a: one({"a": a}, X)["sine"].sum())(3.0)
    np.testing.assert_allclose(slope, np.sum(X * np.cos(3.0 * X)), 1e-14)
    mapped = jax.vmap(lambda a: one({"a": a}, X)["sine"])(jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(mapped[1], np.sin(2.0 * X), 1e-15)
    assert not folder.exists()


def test_donated_memory_is_used_again(folder):
    def filled(x, buffers):
        return {"a": buffers["a"] * 0 + x}

    for _ in range(2):
        one, buffers = Kernel(filled, donated=("buffers",)), {"a": jnp.ones(5)}
        np.testing.assert_array_equal(one(2.0, buffers)["a"], np.full(5, 2.0))
        assert buffers["a"].is_deleted()


def test_the_oldest_go_where_there_are_many(folder, wave, monkeypatch):
    monkeypatch.setattr(kernels, "MOST", 4)
    for count in range(1, 7):
        wave.kernel()({"a": 3.0}, X[:count])
    assert len(list(folder.iterdir())) <= 4
    traced = wave.traced
    wave.kernel()({"a": 3.0}, X[:6])  # the last one is there
    assert wave.traced == traced


def test_a_kernel_is_not_compiled_where_jit_is_off(folder):
    """`jax.disable_jit`, with which users look for errors; oracle: the compiled kernel."""
    wave = Wave()
    compiled = wave.kernel()({"a": 2.0}, X)
    with jax.disable_jit():
        found = wave.kernel()({"a": 2.0}, X)
    np.testing.assert_allclose(found["sine"], compiled["sine"], rtol=1e-15)
    assert len(list(folder.iterdir())) == 1
