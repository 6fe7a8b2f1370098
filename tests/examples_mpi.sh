#!/bin/sh
# hlx_mpi: training over MPI ranks.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh

# hlx_mpi: one, two and four ranks, the same bits
if command -v mpirun >/dev/null && command -v mpicc >/dev/null; then
    make --no-print-directory -s $b/hlx_mpi || failures=$((failures + 1))
    ranks() {
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 \
            mpirun --oversubscribe -n "$@"
    }
    for r in 1 2 4; do
        expect 0 ranks $r $b/hlx_mpi --data examples/data/genesis.txt --preset demo --steps 30 --out "$work/mpi.bin"
        one=${one:-$(tail -n 1 "$work/out")}
        [ "$(tail -n 1 "$work/out")" = "$one" ] || { echo "FAILED: $r ranks give other bits"; failures=$((failures + 1)); }
        echo "$r ranks: $(tail -n 1 "$work/out")"
    done
    expect 0 $b/hlx_export "$work/mpi.bin" -o "$work/mpi.safetensors"; contains "${one##* }"
    expect 2 ranks 2 $b/hlx_mpi --data examples/data/genesis.txt --shards 3
    expect 1 ranks 2 $b/hlx_mpi --data no_such_file
    expect 0 $b/hlx_mpi --help; contains "usage: mpirun"
else
    echo "hlx_mpi: skipped, no MPI"
fi
finish
