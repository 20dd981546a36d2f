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
def workers(port: int, *prefixes: tuple[str, ...]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers of a master at ``port``, each started behind a prefix; all must end by themselves."""
    command = locust_command("--worker", headless=False)
    command += ["--master-port", str(port)]
    started = [subprocess.Popen([*prefix, *command], stderr=subprocess.DEVNULL) for prefix in prefixes]
    try:
        yield started
        for process in started:
            process.wait(30)
    finally:
        for process in started:
            process.kill()
            process.wait()
