"""Stage 4: a modification gets its tier, with every reason for it."""
