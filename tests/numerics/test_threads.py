"""A value computed in a thread of its own, and kernels that several threads ask for at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from jaxtri.numerics import kernels
from jaxtri.numerics.kernels import Kernel
from jaxtri.numerics.threads import InBackground

AT_ONCE = 4
LONGEST_S = 60.0  # a thread that never comes fails the test rather than to hang it


def test_it_is_computed_once_beside_who_asks():
    threads, go = [], threading.Event()

    def value():
        threads.append(threading.current_thread())
        assert go.wait(LONGEST_S)
        return object()

    one = InBackground(value)
    assert threads == []  # nothing before it is begun
    future = one.begin()
    assert not future.done()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(one) for _ in range(AT_ONCE)]
        go.set()
        found = {id(each.result(LONGEST_S)) for each in asked}
    assert found == {id(one())}
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_what_it_raises_is_raised_to_all_who_ask():
    def value():
        raise ValueError("no such thing")

    one = InBackground(value)
    one.begin()
    for _ in range(2):
        with pytest.raises(ValueError, match="no such thing"):
            one()


def test_threads_that_ask_at_once_compile_once(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "_folder", tmp_path)
    together, traced = threading.Barrier(AT_ONCE), []

    def twice(x):
        traced.append(x.shape)
        return 2 * x

    one, x = Kernel(twice), np.arange(5.0)

    def ask():
        together.wait(LONGEST_S)
        return np.asarray(one(x))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in [each.result(LONGEST_S) for each in [pool.submit(ask) for _ in range(AT_ONCE)]]:
            np.testing.assert_array_equal(found, 2 * x)
    assert traced == [(5,)]


def test_other_shapes_compile_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "_folder", tmp_path)
    together = threading.Barrier(2)

    def twice(x):
        together.wait(LONGEST_S)  # while one is traced the other is
        return 2 * x

    one = Kernel(twice)
    with ThreadPoolExecutor(2) as pool:
        for asked in [pool.submit(one, np.arange(float(count))) for count in (3, 5)]:
            found = np.asarray(asked.result(LONGEST_S))
            np.testing.assert_array_equal(found, 2 * np.arange(float(len(found))))
