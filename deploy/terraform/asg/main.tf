locals {
  colours = toset(["blue", "green"])
}

data "aws_caller_identity" "current" {}

# The load balancer, with one target group per colour.

resource "aws_security_group" "balancer" {
  name_prefix = "${var.name}-balancer-"
  vpc_id      = var.vpc_id

  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "instances" {
  name_prefix = "${var.name}-instances-"
  vpc_id      = var.vpc_id

  ingress {
    from_port       = var.port
    to_port         = var.port
    protocol        = "tcp"
    security_groups = [aws_security_group.balancer.id]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  security_groups    = [aws_security_group.balancer.id]
  subnets            = var.subnet_ids
}

resource "aws_lb_target_group" "this" {
  for_each = local.colours

  name                 = "${var.name}-${each.key}"
  port                 = var.port
  protocol             = "HTTP"
  target_type          = "instance"
  vpc_id               = var.vpc_id
  deregistration_delay = 30

  health_check {
    path     = "/health"
    interval = 10
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  # Both target groups from the beginning: without its own, a colour's targets are not checked.
  default_action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.this["blue"].arn
        weight = 100
      }

      target_group {
        arn    = aws_lb_target_group.this["green"].arn
        weight = 0
      }
    }
  }

  # Cutover writes the weights.
  lifecycle {
    ignore_changes = [default_action]
  }
}

# Two groups, one per colour, each with a launch template.

data "aws_iam_policy_document" "instances" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "instances" {
  name               = "${var.name}-instance"
  assume_role_policy = data.aws_iam_policy_document.instances.json
}

resource "aws_iam_instance_profile" "instances" {
  name = "${var.name}-instance"
  role = aws_iam_role.instances.name
}

# Cutover makes the versions after the first one; they are copies of it with another AMI.
resource "aws_launch_template" "this" {
  for_each = local.colours

  name                   = "${var.name}-${each.key}"
  image_id               = var.image_id
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.instances.id]

  iam_instance_profile {
    arn = aws_iam_instance_profile.instances.arn
  }
}

resource "aws_autoscaling_group" "this" {
  for_each = local.colours

  name                = "${var.name}-${each.key}"
  min_size            = each.key == "blue" ? 2 : 0
  max_size            = 10
  desired_capacity    = each.key == "blue" ? 2 : 0
  health_check_type   = "ELB"
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = [aws_lb_target_group.this[each.key].arn]

  launch_template {
    id      = aws_launch_template.this[each.key].id
    version = "1"
  }

  # Cutover sets the version, the size and its lower bound, and keeps tags of its own.
  lifecycle {
    ignore_changes = [launch_template[0].version, min_size, desired_capacity, tag]
  }
}
