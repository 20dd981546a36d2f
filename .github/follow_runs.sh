#!/bin/sh
# Keeps the summary of a run beside those of the runs before it (the newest 100), and follows all of them over time.
# RUN is the run's directory, KEPT a folder that the CI system keeps from run to run (a cache), OUTPUT where to write.
# Ends with 0 nothing got worse, 1 something did, 3 too few runs to say, 2 anything else: what broke is no finding.
set -u
if [ $# -lt 3 ]; then # a shell that trips over it may end with 1
  echo "usage: sh .github/follow_runs.sh RUN KEPT OUTPUT [OPTIONS OF trend]" >&2
  exit 2
fi
run=$1 kept=$2 output=$3
shift 3
rm -f "$output/trend.json"
.venv/bin/python -m loadtest trend "$kept" --add "$run" --output "$output" "$@"
code=$?
case "$code" in
  0 | 2 | 3) exit "$code" ;;
  1) test -f "$output/trend.json" && exit 1 ;; # a Python program that breaks off ends with 1, too
esac
exit 2
