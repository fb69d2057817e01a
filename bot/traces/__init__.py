"""Stage 2: episodes become findings, and findings become patterns."""
