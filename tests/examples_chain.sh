#!/bin/sh
# chain: the digests of all stages, which are the same on every instruction set and with any number of
# threads; other weights and data have others; bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
export OMP_WAIT_POLICY=passive # threads that wait leave the machine to others
usage chain
whole=815f24daf379893383eaa8dc453cef7926f3c08ca670036007904cb59e20365c
expect 0 $b/chain; contains "chain $whole"
contains "7180 of 7180 sums as exact"
cp "$work/out" "$work/best"
expect 0 $b/chain --simd 0 --threads 1
n=$((n + 1))
cmp -s "$work/out" "$work/best" || { echo "FAILED: other lines in portable C"; failures=$((failures + 1)); }
expect 0 $b/chain --json --steps 3; json; contains '"agree": true'
n=$((n + 1))
grep -q $whole "$work/out" && { echo "FAILED: three steps have the digest of 120"; failures=$((failures + 1)); }
sed '1s/^0,0,5/0,1,5/' examples/data/digits.csv >"$work/other.csv"
expect 0 $b/chain --json --steps 3 --data "$work/other.csv"; json
n=$((n + 1))
grep -q $whole "$work/out" && { echo "FAILED: other data have the same digest"; failures=$((failures + 1)); }
expect 1 $b/chain --data no_such_file; says no_such_file
expect 1 $b/chain --data LICENSE; says LICENSE
expect 2 $b/chain --steps 0; says "--steps: '0' is no whole number from 1 to"
expect 2 $b/chain --simd 3; says "--simd: '3' is no whole number from -1 to 2"
finish
