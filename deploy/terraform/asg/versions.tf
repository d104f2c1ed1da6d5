terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40"
    }
  }
}

provider "aws" {
  region = var.region

  # The fence on the listener. (The tags of Auto Scaling groups are ignored at the groups.)
  ignore_tags {
    key_prefixes = ["cutover:"]
  }
}
