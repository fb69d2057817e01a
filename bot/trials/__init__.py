"""The held-out experiment: results of both arms in, what may be said of a change out; accounts of every prediction."""
