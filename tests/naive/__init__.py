"""The naive second implementation: written from docs/signs.md alone, plain Python, imports nothing from tocsin."""
