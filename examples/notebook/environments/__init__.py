"""The environment of the notebook."""
