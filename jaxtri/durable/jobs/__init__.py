"""Jobs: run, resume, merge, watch; in threads or on a Dask cluster."""
