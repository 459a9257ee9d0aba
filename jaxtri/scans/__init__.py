"""A scan file and its grid: schema, axes, arrays, tiles."""
