"""Recording a run: Locust users that read, a process that writes, and the run directory that both fill."""
