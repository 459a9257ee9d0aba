"""Compiled kernels of a run of the tests: one folder that all its processes share, and that goes with it.

Compiling takes most of the time, and workers and subprocesses need the same kernels.  JAX writes into such a
folder in place, and locks it only where its size is limited: hence the limit, which nothing reaches.

The compiler is told to optimise little: that takes a third of the time, and most kernels run once.  Where
XLA_FLAGS is set, be it empty, it is kept: `.ci/run` makes the tests of all numbers once more with the
compiler as users have it.
"""

import os
import shutil
import tempfile

import jax

FOLDER = "JAX_COMPILATION_CACHE_DIR"  # set by who runs the tests, it is kept: compiled once for many runs
SETTINGS = {
    "jax_compilation_cache_max_size": 2**34,
    "jax_persistent_cache_min_compile_time_secs": 0.05,  # below, reading takes as long as compiling
}
QUICK = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"


def share(config):
    """Begin a run: what it starts finds the folder in its environment."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="jaxtri-kernels-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(FOLDER)))
    os.environ.setdefault("XLA_FLAGS", QUICK)
    for name, value in SETTINGS.items():
        os.environ[name.upper()] = str(value)
        jax.config.update(name, value)  # where the tests run in this very process
    jax.config.update(FOLDER.lower(), os.environ[FOLDER])


def alone(folder):
    """Return the environment of a process that shares nothing: what it compiles is kept below a folder."""
    kept = {
        name: value for name, value in os.environ.items() if name not in (FOLDER, *map(str.upper, SETTINGS))
    }
    return kept | {"XDG_CACHE_HOME": str(folder)}
