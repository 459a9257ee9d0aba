"""What you keep: HDF5 files of a scan and text formats of its boundaries."""
