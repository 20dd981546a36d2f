"""Locust processes as on other hosts: a network, a clock, or files of their own, by Linux namespaces."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.project import locust_command

OTHER_CLOCK = ("unshare", "-T", "--monotonic")


def can(*command: str) -> bool:
    """Whether the kernel lets this user run a command like that."""
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def hiding(folder: object) -> tuple[str, ...]:
    """A prefix behind which a process does not see what is in ``folder``."""
    return ("unshare", "-m", "sh", "-c", f'mount -t tmpfs none {folder} && exec "$@"', "sh")


@contextmanager
def workers(*places: tuple[int, tuple[str, ...]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers: each with the port at which it finds its master, and a prefix to its command; all end by themselves."""
    command = locust_command("--worker", headless=False)
    started = [
        subprocess.Popen([*prefix, *command, "--master-port", str(port)], stderr=subprocess.DEVNULL)
        for port, prefix in places
    ]
    try:
        yield started
        for process in started:
            process.wait(120)
    finally:
        for process in started:
            process.kill()
            process.wait()
