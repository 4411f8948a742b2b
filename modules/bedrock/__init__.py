"""Amazon Bedrock: what is reserved of its models, and who uses them."""
