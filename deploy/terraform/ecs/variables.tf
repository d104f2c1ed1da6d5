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

variable "image" {
  type        = string
  description = "Image of the first version, with its tag."
}

variable "port" {
  type        = number
  default     = 8080
  description = "Where the container listens."
}

variable "worker_principals" {
  type        = list(string)
  description = "ARNs that may take the role of the worker."
}
