"""Benchmark of taskapi: `make bench`."""
