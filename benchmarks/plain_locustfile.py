"""A locustfile as most people write one: so many users, each so many reads a second. For comparison only."""

from locust import FastHttpUser, constant_throughput, task


class PlainUser(FastHttpUser):
    """Ten reads a second, each after the answer to the one before."""

    wait_time = constant_throughput(10)

    @task
    def read(self) -> None:
        """One read; --host is the whole address."""
        self.client.get(self.host or "", name="samples")
