"""The deploy and plan roles of an account."""
