"""The guards: each file here is a module of ours and, as it stands, the script that a hook of a repository runs."""
