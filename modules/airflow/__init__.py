"""Managed Workflows for Apache Airflow: an environment, its files and its rights."""
