# What other projects have, and Inferform does not make so: tests/cost/make_elsewhere.py plans it.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
variable "zone" { default = "us-east-1a" }
resource "terraform_data" "n" { input = 3 }
variable "ami" { default = "ami-12345678" }
# ASGs
resource "aws_launch_template" "m5" {
  name          = "m5-template"
  image_id      = var.ami
  instance_type = "m5.large"
}
resource "aws_autoscaling_group" "unknown_count" {
  name               = "unknown-count"
  min_size           = terraform_data.n.output
  max_size           = terraform_data.n.output
  availability_zones = [var.zone]
  launch_template { id = aws_launch_template.m5.id }
}
resource "aws_autoscaling_group" "plain" {
  name               = "plain"
  min_size           = 2
  max_size           = 6
  availability_zones = [var.zone]
  launch_template { id = aws_launch_template.disks.id }
}
resource "aws_launch_template" "disks" {
  name          = "disks"
  image_id      = var.ami
  instance_type = "m5.large"
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 100
      volume_type = "gp3"
      iops        = 4000
      throughput  = 225
    }
  }
  block_device_mappings {
    device_name = "/dev/xvdb"
    ebs {
      volume_size = 50
      volume_type = "gp2"
    }
  }
}
resource "aws_launch_template" "spot" {
  name          = "spot"
  image_id      = var.ami
  instance_type = "m5.large"
  instance_market_options { market_type = "spot" }
}
resource "aws_autoscaling_group" "spot" {
  name               = "spot-market"
  min_size           = 10
  max_size           = 10
  availability_zones = [var.zone]
  launch_template { id = aws_launch_template.spot.id }
}
resource "aws_autoscaling_group" "weighted" {
  name               = "weighted"
  min_size           = 96
  max_size           = 96
  availability_zones = [var.zone]
  mixed_instances_policy {
    launch_template {
      launch_template_specification { launch_template_id = aws_launch_template.m5.id }
      override {
        instance_type     = "c5.24xlarge"
        weighted_capacity = "96"
      }
      override {
        instance_type     = "c5.12xlarge"
        weighted_capacity = "48"
      }
    }
  }
}
resource "aws_launch_template" "dedicated" {
  name          = "dedicated"
  image_id      = var.ami
  instance_type = "m5.large"
  placement { tenancy = "dedicated" }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 1000
      volume_type = "io2"
      iops        = 50000
    }
  }
}
resource "aws_autoscaling_group" "dedicated" {
  name               = "dedicated"
  min_size           = 1
  max_size           = 1
  availability_zones = [var.zone]
  launch_template { id = aws_launch_template.dedicated.id }
}
resource "aws_autoscaling_group" "elsewhere" {
  name               = "elsewhere"
  min_size           = 1
  max_size           = 1
  availability_zones = [var.zone]
  launch_template { id = "lt-0123456789abcdef0" }
}
resource "aws_eks_node_group" "windows" {
  cluster_name    = "c"
  node_group_name = "nodes-windows"
  node_role_arn   = "arn:aws:iam::111122223333:role/x"
  subnet_ids      = ["subnet-1"]
  ami_type        = "WINDOWS_CORE_2022_x86_64"
  instance_types  = ["m5.large"]
  scaling_config {
    desired_size = 1
    min_size     = 1
    max_size     = 1
  }
}
resource "aws_eks_node_group" "linux" {
  cluster_name    = "c"
  node_group_name = "nodes-linux"
  node_role_arn   = "arn:aws:iam::111122223333:role/x"
  subnet_ids      = ["subnet-1"]
  instance_types  = ["m5.large"]
  scaling_config {
    desired_size = 1
    min_size     = 1
    max_size     = 1
  }
}
resource "aws_ec2_capacity_reservation" "linux" {
  tags              = { Name = "reserved-linux" }
  instance_type     = "m5.large"
  instance_platform = "Linux/UNIX"
  availability_zone = var.zone
  instance_count    = 10
}
resource "aws_ec2_capacity_reservation" "rhel" {
  tags              = { Name = "reserved-rhel" }
  instance_type     = "m5.large"
  instance_platform = "Red Hat Enterprise Linux"
  availability_zone = var.zone
  instance_count    = 10
}
resource "aws_ec2_capacity_reservation" "win" {
  tags              = { Name = "reserved-windows" }
  instance_type     = "m5.large"
  instance_platform = "Windows"
  availability_zone = var.zone
  instance_count    = 10
}
resource "aws_ecs_cluster" "c" { name = "c" }
resource "aws_ecs_task_definition" "win" {
  family                   = "windows"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  container_definitions    = jsonencode([{ name = "a", image = "b" }])
  runtime_platform {
    operating_system_family = "WINDOWS_SERVER_2022_CORE"
    cpu_architecture        = "X86_64"
  }
  ephemeral_storage { size_in_gib = 200 }
}
resource "aws_ecs_task_definition" "linux" {
  family                   = "linux"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  container_definitions    = jsonencode([{ name = "a", image = "b" }])
  ephemeral_storage { size_in_gib = 120 }
}
resource "aws_ecs_service" "linux" {
  name            = "tasks-linux"
  cluster         = aws_ecs_cluster.c.id
  task_definition = aws_ecs_task_definition.linux.arn
  desired_count   = 10
  launch_type     = "FARGATE"
  network_configuration {
    subnets          = ["subnet-1"]
    assign_public_ip = true
  }
}
resource "aws_ecs_service" "win" {
  name            = "tasks-windows"
  cluster         = aws_ecs_cluster.c.id
  task_definition = aws_ecs_task_definition.win.arn
  desired_count   = 10
  launch_type     = "FARGATE"
  network_configuration {
    subnets          = ["subnet-1"]
    assign_public_ip = true
  }
}
resource "aws_vpc_endpoint" "gwlb" {
  vpc_id            = "vpc-1"
  service_name      = "com.amazonaws.vpce.us-east-1.vpce-svc-1"
  vpc_endpoint_type = "GatewayLoadBalancer"
  subnet_ids        = ["subnet-1"]
}
resource "aws_api_gateway_rest_api" "a" { name = "a" }
resource "aws_api_gateway_deployment" "d" { rest_api_id = aws_api_gateway_rest_api.a.id }
resource "aws_api_gateway_stage" "cache" {
  rest_api_id           = aws_api_gateway_rest_api.a.id
  deployment_id         = aws_api_gateway_deployment.d.id
  stage_name            = "s"
  cache_cluster_enabled = true
  cache_cluster_size    = "237"
}
resource "aws_api_gateway_stage" "plain" {
  rest_api_id   = aws_api_gateway_rest_api.a.id
  deployment_id = aws_api_gateway_deployment.d.id
  stage_name    = "plain"
}
resource "aws_vpc_endpoint" "interface" {
  vpc_id            = "vpc-1"
  service_name      = "com.amazonaws.us-east-1.sts"
  vpc_endpoint_type = "Interface"
  subnet_ids        = ["subnet-1", "subnet-2"]
}
resource "aws_vpc_endpoint" "gateway" {
  vpc_id       = "vpc-1"
  service_name = "com.amazonaws.us-east-1.s3"
}
resource "aws_lambda_function" "warm" {
  function_name = "warm"
  role          = "arn:aws:iam::111122223333:role/x"
  package_type  = "Image"
  image_uri     = "111122223333.dkr.ecr.us-east-1.amazonaws.com/x:1"
  memory_size   = 2048
}
resource "aws_lambda_provisioned_concurrency_config" "warm" {
  function_name                     = "warm"
  qualifier                         = "1"
  provisioned_concurrent_executions = 10
}
resource "aws_lambda_provisioned_concurrency_config" "unknown" {
  function_name                     = "warm"
  qualifier                         = "2"
  provisioned_concurrent_executions = terraform_data.n.output
}
resource "aws_nat_gateway" "p" {
  subnet_id         = "subnet-1"
  connectivity_type = "private"
}
resource "aws_lb" "public" {
  name     = "pub"
  internal = false
  subnets  = ["subnet-1", "subnet-2", "subnet-3"]
}
resource "aws_lb" "inside" {
  name     = "inside"
  internal = true
  subnets  = ["subnet-1", "subnet-2", "subnet-3"]
}
resource "aws_lb" "gw" {
  name               = "gw"
  load_balancer_type = "gateway"
  subnets            = ["subnet-1"]
}
resource "aws_ec2_capacity_block_reservation" "cb" {
  capacity_block_offering_id = "cbo-1"
  instance_platform          = "Linux/UNIX"
}
resource "aws_sagemaker_endpoint_configuration" "s" {
  name = "s"
  production_variants {
    variant_name           = "v"
    model_name             = "m"
    instance_type          = "ml.g5.xlarge"
    initial_instance_count = terraform_data.n.output
  }
}
resource "aws_sagemaker_endpoint" "s" {
  name                 = "s"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.s.name
}
resource "aws_db_instance" "d" {
  identifier        = "d"
  engine            = "postgres"
  instance_class    = "db.r6g.16xlarge"
  allocated_storage = 1000
  username          = "x"
  password          = "xxxxxxxxxxx"
}
resource "aws_db_subnet_group" "g" {
  name       = "g"
  subnet_ids = ["subnet-1", "subnet-2"]
}
resource "aws_instance" "i" {
  ami           = var.ami
  instance_type = "p5.48xlarge"
}
resource "aws_lambda_provisioned_concurrency_config" "p" {
  function_name                     = "x"
  qualifier                         = "1"
  provisioned_concurrent_executions = 100
}
