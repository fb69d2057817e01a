"""What the command line's reading commands do: paths in, lines or JSON out; none of them writes anything."""
