"""Durable work on SQLite or PostgreSQL: hints go in once, work comes out until it is done, by any number of workers."""
