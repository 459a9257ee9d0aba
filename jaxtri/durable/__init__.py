"""Work that survives anything: jobs cut into tiles, and their files.  Knows neither physics nor JAX."""
