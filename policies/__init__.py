"""The gate: packs that people read, compiled to one function a kind of call. No I/O, no clock."""
