"""The benchmarks: one command each, beside a peer or a bar in the same run."""
