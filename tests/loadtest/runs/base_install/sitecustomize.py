"""On the path of a Python process: it lacks what draws the page, as the base install does, and is a second sooner."""

import sys

sys.modules["altair"] = None  # type: ignore[assignment]
