terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  allowed_account_ids         = ["123456789012"]
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
locals {
  account = "123456789012"
  trust   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "sagemaker.amazonaws.com" } }] })
  pull    = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }] })
  image   = "123456789012.dkr.ecr.us-east-1.amazonaws.com/quiet:1"
}
resource "aws_sagemaker_model" "fraud" {
  name               = "quiet-fraud"
  execution_role_arn = aws_iam_role.runs.arn
  primary_container { image = local.image }
}
resource "aws_iam_role" "runs" {
  name               = "quiet-runs"
  assume_role_policy = local.trust
}
resource "aws_cloudwatch_metric_alarm" "rollback" {
  alarm_name          = "quiet-rollback"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "Invocation5XXErrors"
  namespace           = "AWS/SageMaker"
  period              = 60
  statistic           = "Sum"
  threshold           = 1
}
resource "aws_kms_key" "data" {}
resource "aws_ecr_repository" "quiet" { name = "quiet" }
resource "aws_ecs_cluster" "quiet" { name = "quiet" }
resource "aws_ecs_task_definition" "api" {
  family                   = "quiet-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.runs.arn
  container_definitions    = jsonencode([{ name = "api", image = local.image, essential = true }])
}
resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.quiet.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "us-east-1b"
}
resource "aws_lb_target_group" "blue" {
  name        = "quiet-blue"
  port        = 80
  protocol    = "HTTP"
  vpc_id      = aws_vpc.quiet.id
  target_type = "ip"
}
resource "aws_vpc" "quiet" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "quiet" }
}
resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.quiet.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "us-east-1a"
}
resource "aws_security_group" "services" {
  name   = "quiet-services"
  vpc_id = aws_vpc.quiet.id
  ingress {
    description = "callers"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    description = "wider, and in words"
    cidr_blocks = ["10.0.0.0/24"]
  }
}
resource "aws_sagemaker_endpoint_configuration" "fraud" {
  name = "quiet-fraud-2"
  production_variants {
    variant_name           = "primary"
    model_name             = aws_sagemaker_model.fraud.name
    initial_instance_count = 2
    instance_type          = "ml.g5.xlarge"
  }
  lifecycle { create_before_destroy = true }
}
resource "aws_sagemaker_endpoint" "fraud" {
  name                 = "quiet-fraud"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.fraud.name
  deployment_config {
    rolling_update_policy {
      wait_interval_in_seconds = 60
      maximum_batch_size {
        type  = "INSTANCE_COUNT"
        value = 1
      }
    }
    auto_rollback_configuration {
      alarms { alarm_name = aws_cloudwatch_metric_alarm.rollback.alarm_name }
    }
  }
}
resource "aws_appautoscaling_target" "fraud" {
  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.fraud.name}/variant/primary"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = 1
  max_capacity       = 4
  lifecycle { replace_triggered_by = [aws_sagemaker_endpoint_configuration.fraud] }
}
resource "aws_iam_policy" "pull" {
  name   = "quiet-pull"
  policy = local.pull
}
resource "aws_iam_role_policy_attachment" "pull" {
  role       = aws_iam_role.runs.name
  policy_arn = aws_iam_policy.pull.arn
}
resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.runs.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}
resource "aws_iam_role" "operators" {
  name               = "quiet-operators"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::${local.account}:root" } }] })
}
resource "aws_iam_policy" "passes" {
  name   = "quiet-passes"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } } }] })
}
resource "aws_s3_bucket_policy" "data" {
  bucket = "quiet-data"
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Deny", Action = "s3:*", Principal = "*", Resource = "arn:aws:s3:::quiet-data/*", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    { Effect = "Allow", Action = "s3:GetObject", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Resource = "arn:aws:s3:::quiet-data/*" },
  ] })
}
resource "aws_iam_policy" "narrowed" {
  name   = "quiet-narrowed"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::quiet-data/*" }] })
}
resource "aws_s3_bucket" "data" {
  bucket = "quiet-data"
  tags   = { data = "kept" }
}
resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = "Suspended" }
}
resource "aws_ecr_lifecycle_policy" "quiet" {
  repository = aws_ecr_repository.quiet.name
  policy     = jsonencode({ rules = [{ rulePriority = 1, selection = { tagStatus = "tagged", tagPrefixList = ["b", "a"], countType = "imageCountMoreThan", countNumber = 20 }, action = { type = "expire" } }, { rulePriority = 2, selection = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }, action = { type = "expire" } }] })
}
resource "aws_cloudwatch_log_group" "longer" {
  name              = "/quiet/longer"
  retention_in_days = 365
}
resource "aws_lb" "inside" {
  name                       = "quiet-inside"
  internal                   = true
  subnets                    = [aws_subnet.a.id, aws_subnet.b.id]
  enable_deletion_protection = true
}
resource "aws_lb_listener" "inside" {
  load_balancer_arn = aws_lb.inside.arn
  port              = 80
  default_action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.blue.arn
        weight = 1
      }
      target_group {
        arn    = aws_lb_target_group.green.arn
        weight = 0
      }
    }
  }
}
resource "aws_lb_target_group" "green" {
  name        = "quiet-green"
  port        = 80
  protocol    = "HTTP"
  vpc_id      = aws_vpc.quiet.id
  target_type = "ip"
}
resource "aws_ecs_service" "api" {
  name            = "quiet-api"
  cluster         = aws_ecs_cluster.quiet.id
  task_definition = aws_ecs_task_definition.api.arn
  launch_type     = "FARGATE"
  desired_count   = 2
  network_configuration {
    subnets         = [aws_subnet.a.id]
    security_groups = [aws_security_group.services.id]
  }
}
resource "aws_sagemaker_model_package_group" "quiet" {
  model_package_group_name        = "quiet"
  model_package_group_description = "tells one from another"
  tags                            = { step = "b" }
}
resource "aws_eks_cluster" "quiet" {
  name     = "quiet"
  role_arn = aws_iam_role.runs.arn
  version  = "1.34"
  vpc_config { subnet_ids = [aws_subnet.a.id, aws_subnet.b.id] }
}
moved {
  from = aws_sqs_queue.old
  to   = aws_sqs_queue.new
}
resource "aws_sqs_queue" "new" { name = "quiet" }
resource "aws_flow_log" "new" {
  vpc_id               = aws_vpc.quiet.id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.data.arn
}
resource "aws_ecr_repository" "tags" {
  name                 = "quiet-tags"
  image_tag_mutability = "IMMUTABLE"
}
resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "old/" }
    expiration { days = 90 }
  }
}
resource "aws_cloudwatch_event_rule" "uploads" {
  name                = "quiet-uploads"
  state               = "ENABLED"
  schedule_expression = "rate(3 hours)"
}
resource "aws_eks_node_group" "quiet" {
  cluster_name    = aws_eks_cluster.quiet.name
  node_group_name = "quiet"
  node_role_arn   = aws_iam_role.runs.arn
  subnet_ids      = [aws_subnet.a.id, aws_subnet.b.id]
  scaling_config {
    min_size     = 1
    desired_size = 1
    max_size     = 3
  }
}
