"""64-bit floats: required, checked, never switched on behind the user's back."""

import os
from pathlib import Path

from jaxtri.errors import InputError

try:
    import jax
except ValueError as error:  # it reads variables of the environment
    raise InputError(f"JAX cannot start: {error}; mend that variable of the environment") from error

from jaxtri.numerics import kernels

CHOOSE_DEVICE = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME", "JAX_NUM_CPU_DEVICES")  # variables of the environment


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
    """Switch 64-bit floats and JAX's usual promotion of types on, and keep compiled kernels for the next run.

    They are kept in a private folder.
    A folder that the user has chosen by JAX's own settings, as JAX_COMPILATION_CACHE_DIR, is used as it is;
    without a folder that can be written nothing is kept.  To be called before anything is compiled.
    """
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_numpy_dtype_promotion", "standard")  # whatever the environment says
    try:
        several = len(jax.local_devices()) > 1  # then an executable is bound to one of them
    except (RuntimeError, AssertionError) as error:
        wanted = [f"{name}={os.environ[name]}" for name in CHOOSE_DEVICE if name in os.environ]
        raise InputError(
            f"{' '.join(wanted) or 'JAX'}: JAX finds no such device here; leave it out, or choose cpu"
        ) from error
    chosen = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    folder = Path(chosen) if chosen else _own_folder()
    if folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder) if several else None)
    if not several:
        kernels.keep(folder / "kernels")
    elif not chosen:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def _own_folder() -> Path | None:
    """Folder below the user's cache folder; None where there is none, or it cannot be written."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "jaxtri" / f"jax-{jax.__version__}-{jax.default_backend()}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    return folder if os.access(folder, os.W_OK) else None
