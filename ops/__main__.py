"""`python -m ops`, which `inferform` runs."""

from .cli import main

main()
