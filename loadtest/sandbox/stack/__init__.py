"""The gateway as it was described: from the synthesized Terraform, or from what was deployed."""
