"""What a run was made with: this machine, and the versions of the packages that matter."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from typing import Any, Final

_PACKAGES: Final = ("locust", "gevent", "httptools", "boto3", "numpy", "pyarrow")


def this_machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_average": list(os.getloadavg()),
        "time_zone": time.tzname[0],
    }


def package_versions() -> dict[str, str]:
    installed = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    return {name: importlib.metadata.version(name) for name in _PACKAGES if name in installed}
