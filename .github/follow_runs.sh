#!/bin/sh
# Keeps the summary of a run beside those of the runs before it (the newest 100), and follows all of them over time.
# RUN is the run's directory, KEPT a folder that the CI system keeps from run to run (a cache), OUTPUT where to write.
# Ends as `python -m loadtest trend` does: 0 nothing got worse, 1 something did, 3 too few runs to say, 2 wrong usage.
set -eu
run=$1 kept=$2 output=$3
mkdir -p "$kept"
cp "$run/summary.json" "$kept/$(basename "$run").json"
ls -1t "$kept" | tail -n +101 | while read -r old; do rm -- "$kept/$old"; done
shift 3
exec .venv/bin/python -m loadtest trend "$kept" --output "$output" "$@"
