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
resource "aws_vpc" "quiet" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.quiet.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "us-east-1a"
}
resource "aws_security_group" "services" {
  name   = "quiet-services"
  vpc_id = aws_vpc.quiet.id
  ingress {
    from_port   = 0
    to_port     = 65535
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/25", "10.0.0.128/25"]
  }
}
resource "aws_sagemaker_endpoint_configuration" "fraud" {
  name        = "quiet-fraud-1"
  kms_key_arn = aws_kms_key.data.arn
  production_variants {
    variant_name           = "primary"
    model_name             = aws_sagemaker_model.fraud.name
    initial_instance_count = 2
    instance_type          = "ml.m5.large"
  }
  data_capture_config {
    enable_capture              = false
    initial_sampling_percentage = 10
    destination_s3_uri          = "s3://quiet-data/capture"
    capture_options { capture_mode = "Input" }
  }
  lifecycle { create_before_destroy = true }
}
resource "aws_sagemaker_endpoint" "fraud" {
  name                 = "quiet-fraud"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.fraud.name
  deployment_config {
    blue_green_update_policy {
      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 60
        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 10
        }
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
  max_capacity       = 2
  lifecycle { replace_triggered_by = [aws_sagemaker_endpoint_configuration.fraud] }
}
resource "aws_cloudwatch_metric_alarm" "dashboard" {
  alarm_name          = "quiet-fraud-dashboard"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "CPUUtilization"
  namespace           = "/aws/sagemaker/Endpoints"
  period              = 60
  statistic           = "Average"
  threshold           = 90
}
resource "aws_iam_role_policy" "pull" {
  name   = "pull"
  role   = aws_iam_role.runs.name
  policy = local.pull
}
resource "aws_iam_policy" "narrowed" {
  name   = "quiet-narrowed"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }] })
}
resource "aws_s3_bucket" "data" { bucket = "quiet-data" }
resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = "Suspended" }
}
resource "aws_ecr_lifecycle_policy" "quiet" {
  repository = aws_ecr_repository.quiet.name
  policy     = jsonencode({ rules = [{ rulePriority = 1, selection = { tagStatus = "tagged", tagPrefixList = ["a", "b"], countType = "imageCountMoreThan", countNumber = 10 }, action = { type = "expire" } }] })
}
resource "aws_cloudwatch_log_group" "longer" {
  name              = "/quiet/longer"
  retention_in_days = 30
}
resource "aws_cloudwatch_log_group" "left" {
  name         = "/quiet/left"
  skip_destroy = true
}
resource "aws_lb" "inside" {
  name     = "quiet-inside"
  internal = true
  subnets  = [aws_subnet.a.id, aws_subnet.b.id]
  access_logs {
    bucket  = "quiet-logs"
    enabled = false
  }
}
resource "aws_lb_listener" "inside" {
  load_balancer_arn = aws_lb.inside.arn
  port              = 80
  default_action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.blue.arn
        weight = 100
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
  desired_count   = 1
  network_configuration {
    subnets         = [aws_subnet.a.id]
    security_groups = [aws_security_group.services.id]
  }
}
resource "aws_sagemaker_model_package_group" "quiet" {
  model_package_group_name        = "quiet"
  model_package_group_description = "tells one from another"
  tags                            = { step = "a" }
}
resource "aws_eks_cluster" "quiet" {
  name     = "quiet"
  role_arn = aws_iam_role.runs.arn
  version  = "1.33"
  vpc_config { subnet_ids = [aws_subnet.a.id, aws_subnet.b.id] }
}
resource "aws_sqs_queue" "old" { name = "quiet" }
resource "aws_flow_log" "old" {
  vpc_id               = aws_vpc.quiet.id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.data.arn
}
resource "aws_ecr_repository" "tags" {
  name                 = "quiet-tags"
  image_tag_mutability = "MUTABLE"
}
resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "old/" }
    expiration { days = 30 }
  }
}
resource "aws_cloudwatch_event_rule" "uploads" {
  name                = "quiet-uploads"
  state               = "DISABLED"
  schedule_expression = "rate(2 hours)"
}
resource "aws_eks_node_group" "quiet" {
  cluster_name    = aws_eks_cluster.quiet.name
  node_group_name = "quiet"
  node_role_arn   = aws_iam_role.runs.arn
  subnet_ids      = [aws_subnet.a.id, aws_subnet.b.id]
  scaling_config {
    min_size     = 1
    desired_size = 1
    max_size     = 2
  }
  taint {
    key    = "gpu"
    value  = "yes"
    effect = "NO_EXECUTE"
  }
}
