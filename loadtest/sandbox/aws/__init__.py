"""AWS's own APIs: a moto server in a child process, and the proxy in front of it."""
