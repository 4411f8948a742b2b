"""The operator's commands: they work on Specs, plans and AWS's API, never inside synthesis."""
