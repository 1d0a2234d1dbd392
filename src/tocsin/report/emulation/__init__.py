"""The report of an emulated trial, made from its result tables only. `files.write_emulation` writes all of it."""
