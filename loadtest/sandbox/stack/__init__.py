"""The definition of the gateway: from the synthesized Terraform, or from what was deployed."""
