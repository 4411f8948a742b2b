"""`python -m ops`, which `inferra` runs."""

from .cli import main

main()
