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

  # The fence on the listener, and what Cutover keeps on services.
  ignore_tags {
    key_prefixes = ["cutover:"]
  }
}
