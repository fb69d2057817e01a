"""The nouns of a forge where people and CI work: what was read of runs, pulls and people, and what is done to them."""
