"""Benchmarks compute in 64 bits, like everything else."""

import jax

jax.config.update("jax_enable_x64", True)
