"""Stage 1: transcripts and reports become episodes."""
