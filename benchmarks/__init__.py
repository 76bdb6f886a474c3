"""Measurements, each a ratio within one run; their results are in results/benchmarks/."""
