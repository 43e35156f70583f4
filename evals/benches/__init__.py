"""Measurements: one file each, with `NAME`, `WHAT` and `run`. CPU time, not time on the wall."""
