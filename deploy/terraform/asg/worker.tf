# What the worker may do: the policies under deploy/aws/policies, with their placeholders filled in.

locals {
  placeholders = {
    REGION         = var.region
    ACCOUNT        = data.aws_caller_identity.current.account_id
    BLUE           = aws_autoscaling_group.this["blue"].name
    GREEN          = aws_autoscaling_group.this["green"].name
    TEMPLATE_BLUE  = aws_launch_template.this["blue"].id
    TEMPLATE_GREEN = aws_launch_template.this["green"].id
    INSTANCE_ROLE  = aws_iam_role.instances.name
    LOAD_BALANCER  = aws_lb.this.name
  }

  policies = {
    for name in ["asg", "alb", "cloudwatch"] : name => join("", [
      for word in regexall("[A-Z_]+|[^A-Z_]+", file("${path.module}/../../aws/policies/${name}.json")) :
      lookup(local.placeholders, word, word)
    ])
  }
}

data "aws_iam_policy_document" "worker" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.worker_principals
    }
  }
}

resource "aws_iam_role" "worker" {
  name               = "${var.name}-cutover"
  assume_role_policy = data.aws_iam_policy_document.worker.json
}

resource "aws_iam_role_policy" "worker" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.worker.id
  policy = each.value
}
