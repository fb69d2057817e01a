"""Flywheel: reads failed agent runs, mines what recurs, and changes the agents' harness."""
