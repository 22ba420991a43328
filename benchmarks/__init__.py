"""Measures bucketry side by side with what a user would pick instead: ``python -m benchmarks``.

A row is a `benchmarks.case.Case`, and lives with others of its subject in ``benchmarks/cases/``. Each is measured in a
process of its own, in rounds that take turns: ours, theirs, the bare limit. The ratio is taken within each round, so a
machine that is busy for a while slows both sides of it.

Nothing here is a test: a target that is missed is said aloud and fails nothing.
"""
