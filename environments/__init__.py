"""The environments: data only. Account ids live here and nowhere else."""
