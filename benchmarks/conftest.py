"""Benchmarks compute in 64 bits, like everything else; each is run once among the long sweeps."""

from pathlib import Path

import jax
import pytest

jax.config.update("jax_enable_x64", True)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.long)
