"""Which of AWS's ways to serve a model fits, what each costs, and from which load on another is
cheaper."""
