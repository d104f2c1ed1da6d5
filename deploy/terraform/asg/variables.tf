variable "region" {
  type        = string
  description = "AWS region."
}

variable "name" {
  type        = string
  default     = "checkout"
  description = "What is deployed; part of every name."
}

variable "vpc_id" {
  type        = string
  description = "Where it runs."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Two subnets at least, in different zones."
}

variable "image_id" {
  type        = string
  description = "AMI of the first version."
}

variable "instance_type" {
  type        = string
  default     = "t3.small"
  description = "Of every instance."
}

variable "port" {
  type        = number
  default     = 8080
  description = "Where the instances listen."
}

variable "worker_principals" {
  type        = list(string)
  description = "ARNs that may take the role of the worker."
}
