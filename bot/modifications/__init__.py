"""Stage 3: patterns become modifications of a harness, each with a prediction."""
