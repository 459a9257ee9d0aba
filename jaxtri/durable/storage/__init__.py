"""Storage: tiles, chunks, records and locks, in files that are complete or absent."""
