"""Terraform plans, read as a reviewer of ML serving wants to read them."""
