"""The language of histories is at home with the tests of judging."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))
