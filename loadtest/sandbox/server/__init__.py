"""The sandbox as a server: one port for AWS and the gateway, its administration, and what is deployed into it."""
