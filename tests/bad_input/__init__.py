"""The catalogue of bad input: what people and their disks do, and what Imprint says to it.

One row for each number of the catalogue; `python -m tests.bad_input` writes docs/bad-input.md.
"""
