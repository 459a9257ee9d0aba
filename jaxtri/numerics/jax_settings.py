"""64-bit floats: required, checked, never switched on behind the user's back."""

import os
from pathlib import Path

import jax

from jaxtri.errors import InputError


def require_x64() -> None:
    """Raise unless JAX computes in 64 bits.

    Raises
    ------
    InputError
        With the line that switches 64-bit floats on.
    """
    if not jax.config.read("jax_enable_x64"):
        raise InputError(
            'jaxtri needs 64-bit floats: call jax.config.update("jax_enable_x64", True) before anything else'
        )


def prepare() -> None:
    """Switch 64-bit floats on, and keep compiled kernels for the next run in a private folder.

    A folder that the user has chosen by JAX's own settings, as JAX_COMPILATION_CACHE_DIR, is left alone.
    """
    jax.config.update("jax_enable_x64", True)
    if jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        return
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = home / "jaxtri" / f"jax-{jax.__version__}-{jax.default_backend()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return  # compiled every time: slower, nothing else
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
