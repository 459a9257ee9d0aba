"""Functions that are compiled once for many processes: the machine code is kept, in place of JAX's cache.

JAX's own cache keeps what was compiled, but a program is traced and lowered again in every process before
it can be looked up, which takes longer than a command has to compute.  Here the executable itself is kept,
by what decides it: the program's source, versions, flags, processor, and the shapes of the arguments.  One
that JAX had taken from its own cache could not be kept: XLA leaves out what it did not compile itself.
"""

import functools
import hashlib
import os
import pickle
import platform
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from jax import Array
from jax.experimental import serialize_executable

QUICK = {"xla_cpu_use_fusion_emitters": False}  # compiles in half the time; for what is computed once a mass
MOST = 1000  # files; beyond, the oldest half goes

_folder: Path | None = None  # nothing is kept


def keep(folder: Path) -> None:
    """Keep executables in a private folder, from now on."""
    global _folder
    _folder = folder


class Kernel:
    """A compiled function of records and arrays; inside another one it is traced like any function."""

    def __init__(
        self, function: Callable[..., Any], *, quick: bool = True, donated: tuple[str, ...] = ()
    ) -> None:
        self._jit = jax.jit(function, donate_argnames=donated, keep_unused=bool(donated))
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__name__.strip('_')}"
        self._options: dict[str, str | bool] = dict(QUICK if quick else {})
        self._known: dict[Any, Callable[..., Any]] = {}
        self._making: dict[Any, threading.Lock] = {}
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Compute; where executables are kept, without tracing what another process has traced."""
        interpreted = jax.config.jax_disable_jit  # type: ignore[attr-defined]
        if _folder is None or interpreted or len(jax.local_devices()) > 1:
            return self._jit(*arguments)
        leaves, tree = jax.tree.flatten(arguments)
        if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return self._jit(*arguments)
        arrays = [leaf if isinstance(leaf, Array) else jax.device_put(leaf) for leaf in leaves]
        arguments = jax.tree.unflatten(tree, arrays)
        shapes = tuple((one.shape, one.dtype, one.weak_type) for one in arrays)
        first = (tree, shapes) not in self._known
        if first:
            with self._making.setdefault((tree, shapes), threading.Lock()):  # or threads compile the same
                if (tree, shapes) not in self._known:
                    self._known[tree, shapes] = self._found(_folder, arguments, f"{tree} {shapes}")
        try:
            found = self._known[tree, shapes](*arguments)
            return jax.block_until_ready(found) if first else found  # type: ignore[no-untyped-call]
        except jax.errors.JaxRuntimeError:  # a kept file that loads and does not run
            self._known[tree, shapes] = self._jit
            return self._jit(*arguments)

    def _found(self, folder: Path, arguments: tuple[Any, ...], signature: str) -> Callable[..., Any]:
        """Executable for arguments of these shapes: a kept one, or compiled, and kept, now."""
        text = f"{self._name} {self._options} {signature} {_environment()}"
        path = folder / f"{self._name}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"
        with suppress(Exception):  # whatever is wrong with a kept file: it is made again
            return serialize_executable.deserialize_and_load(*pickle.loads(path.read_bytes()))
        lowered = self._jit.lower(*arguments)
        try:
            made = lowered.compile(compiler_options=self._options)
        except Exception:  # noqa: BLE001  # an option that this version of XLA does not know
            made = lowered.compile()
        with suppress(Exception):  # a full disk, or a device whose executables cannot be kept
            _write(path, pickle.dumps(serialize_executable.serialize(made)))
        return made


def kernel(*, quick: bool = True, donated: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Kernel]:
    """Return the decorator that makes a function a `Kernel`.

    Parameters
    ----------
    quick
        Compile fast rather than to run fast.
    donated
        Arguments whose memory is used again for results.
    """
    return functools.partial(Kernel, quick=quick, donated=donated)


@functools.cache
def _environment() -> str:
    """Everything besides the arguments that decides machine code."""
    source = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        source.update(path.read_bytes())
    device = jax.local_devices()[0]
    parts = (
        source.hexdigest(), jax.__version__, version("jaxlib"), device.platform, device.device_kind,
        os.environ.get("XLA_FLAGS", ""), platform.machine(), _processor(),
        jax.dtypes.canonicalize_dtype(float).name,
    )  # fmt: skip
    return repr(parts)


def _processor() -> str:
    """What the processor can do: a home folder may serve different machines."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def _write(path: Path, content: bytes) -> None:
    """Write a file at once, into a folder that nobody else reads."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
    kept = list(path.parent.iterdir())
    if len(kept) > MOST:
        for old in sorted(kept, key=lambda one: one.stat().st_mtime)[: MOST // 2]:
            old.unlink(missing_ok=True)
