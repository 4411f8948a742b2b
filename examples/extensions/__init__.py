"""What the team adds to Inferform's layers."""
