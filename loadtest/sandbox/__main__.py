"""``python -m loadtest.sandbox``: the same as ``python -m loadtest sandbox``."""

import argparse
import sys

from loadtest.sandbox.cli import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m loadtest sandbox")
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))
