"""The forge that is GitHub: effects in, commits, pulls and issues out; nothing of it is loaded until it is used."""
