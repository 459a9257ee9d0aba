"""64-bit floats: required, checked, never switched on behind the user's back."""

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
