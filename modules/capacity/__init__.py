"""Reserved EC2 capacity under ECS tasks and EKS pods."""
