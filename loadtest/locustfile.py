"""``locust -f loadtest/locustfile.py``: wiring only.

Readers hammer ``/v1/samples`` while a writer of its own replaces the document; see ``--help`` for the settings.
"""

import sys
from pathlib import Path

if (_folder := str(Path(__file__).resolve().parent.parent)) not in sys.path:  # installed, it is there already
    sys.path.insert(0, _folder)

from loadtest.load.plugin import register
from loadtest.load.reading.reader import SamplesReader

__all__ = ["SamplesReader"]

register()
