"""Readers of labelled sets: what people said where a run went wrong. Formats of benchmarks, none of the product's."""
