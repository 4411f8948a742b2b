"""Taking over what somebody else made: endpoints that run, and declarations in other languages."""
