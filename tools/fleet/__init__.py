"""What `tools/make_examples.py` is made of: tasks and phrases in, the bundled fleet of synthetic episodes out."""
