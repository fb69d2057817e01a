"""The shell: the only rooms that know a git repository or a network."""
