"""The operator's commands: they work on Specs, plans and AWS's API, never inside synthesis.

The package is `inferform_ops`, in this repository as from the wheel.
"""

if __name__ == "ops":
    from inferform._alias import install

    install("ops", "inferform_ops")
