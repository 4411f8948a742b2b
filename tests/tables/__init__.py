"""The tables of what AWS has, and how each is made anew."""
