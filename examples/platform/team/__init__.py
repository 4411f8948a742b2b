"""What Lark adds to Inferform: a layer and a kind of service."""
