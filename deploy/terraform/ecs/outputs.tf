output "listener" {
  value       = aws_lb_listener.this.arn
  description = "Of `cutover init aws --listener`."
}

output "worker_role" {
  value       = aws_iam_role.worker.arn
  description = "That the worker is to run with."
}
