#!/bin/sh
# hlx_mpi: training over MPI ranks, each way of sharing the work.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh

if command -v mpirun >/dev/null && command -v mpicc >/dev/null; then
    make --no-print-directory -s $b/hlx_mpi $b/hlx_train $b/hlx_export || failures=$((failures + 1))
    ranks() {
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 \
            mpirun --oversubscribe -n "$@"
    }
    run="$b/hlx_mpi --data examples/data/genesis.txt --preset demo"
    same() { # digest, who: the last line is this digest
        n=$((n + 1))
        [ "$(tail -n 1 "$work/out")" = "$1" ] || { echo "FAILED: $2 give other bits"; failures=$((failures + 1)); }
    }
    # one to four ranks, with all moments or a part each, with and without overlap: the same bits, and
    # the same file
    for way in "" "--replicate --no-overlap" "--replicate" "--no-overlap"; do
        for r in 1 2 3 4; do
            case "$way$r" in -*[14]) continue ;; esac
            expect 0 ranks $r $run --steps 30 --out "$work/mpi.bin" $way
            one=${one:-$(tail -n 1 "$work/out")}
            [ -e "$work/first.bin" ] || cp "$work/mpi.bin" "$work/first.bin"
            same "$one" "$r ranks $way"
            cmp "$work/first.bin" "$work/mpi.bin" || { echo "FAILED: another checkpoint"; failures=$((failures + 1)); }
            rm "$work/mpi.bin"
            kept=1.10
            [ -n "$way" ] && [ "$way" != --no-overlap ] || kept=$(echo "1.10 0.56 0.36 0.26" | cut -d' ' -f$r)
            contains "rank 0 of $r: "
            contains "parameters and gradients 1.10 MB, moments $kept MB"
        done
    done
    echo "${one##* } for 1 to 4 ranks, with and without overlap, with all moments and a part each"
    # numbers of shards that are no power of two, blocks of several sizes
    for shards in 7 12; do
        expect 0 ranks 1 $run --steps 5 --batch 1 --shards $shards
        one=$(tail -n 1 "$work/out")
        for r in 3 4; do
            expect 0 ranks $r $run --steps 5 --batch 1 --shards $shards
            same "$one" "$r ranks of $shards shards"
        done
    done
    # what sharded ranks write, others read
    expect 0 $b/hlx_export "$work/first.bin" -o "$work/mpi.safetensors"
    expect 0 ranks 3 $run --steps 30 --out "$work/checkpoint.bin"
    last=$(tail -n 1 "$work/out")
    expect 0 $b/hlx_train --data examples/data/genesis.txt --resume --steps 30 --out "$work"
    same "$last" "the ranks and hlx_train, which reads their checkpoint,"
    expect 0 $b/hlx_train --data examples/data/genesis.txt --resume --steps 32 --out "$work"
    # ranks stop, and others continue
    expect 0 ranks 2 $run --steps 20 --decay 30 --save-every 7 --out "$work/twenty.bin"
    for r in 1 3; do
        expect 0 ranks $r $run --steps 30 --resume "$work/twenty.bin" --out "$work/thirty.bin"
        contains "at step 20"
        same "$last" "$r ranks that continue"
        cmp "$work/first.bin" "$work/thirty.bin" || { echo "FAILED: another checkpoint"; failures=$((failures + 1)); }
    done
    expect 1 ranks 2 $run --resume "$work/twenty.bin" --preset tiny; says "is no model of preset tiny"
    expect 1 ranks 2 $run --resume "$work/twenty.bin" --batch 3; says "not of 4 shards of 3 windows"
    expect 1 ranks 2 $run --resume LICENSE; says "not an nc_hlx checkpoint"
    expect 2 ranks 1 $run --resume "$work/twenty.bin" --lr 0.01; says "are the checkpoint's"
    expect 2 ranks 1 $run --save-every 5; says "--out"
    # errors reach every rank, and nothing hangs
    expect 1 ranks 3 $run --steps 1 --out "$work/no_such_folder/x"
    says "cannot create"
    expect 2 ranks 4 $run --shards 3
    says "4 ranks cannot share 3 shards"
    expect 2 ranks 1 $run --steps 2.5
    expect 2 ranks 1 $run --lr fast
    expect 2 ranks 1 $run --no-such-option
    expect 2 ranks 1 $b/hlx_mpi
    expect 1 ranks 2 $b/hlx_mpi --data no_such_file
    expect 1 ranks 1 $run --preset huge
    # a rank that reads another file
    cp examples/data/genesis.txt "$work/other.txt"
    printf X | dd of="$work/other.txt" bs=1 seek=1000 conv=notrunc 2>/dev/null
    expect 1 ranks 1 $run : -n 1 $b/hlx_mpi --preset demo --data "$work/other.txt"
    says "the ranks read other data"
    expect 0 $b/hlx_mpi --help; contains "usage: mpirun"
    expect 0 $b/hlx_mpi --version; contains "hlx_mpi "
    expect 2 $b/hlx_mpi --threads 1x; says "'1x' is no whole number from 1 to"
    expect 0 ranks 2 $run --steps 2 --json; json; contains '{"ranks": 2, "step": 2, "parameters": 136960'
    expect 0 ranks 2 $b/hlx_mpi --help
    n=$((n + 1))
    [ "$(grep -c 'usage: mpirun' "$work/out")" = 1 ] || { echo "FAILED: every rank prints its usage"; failures=$((failures + 1)); }
else
    echo "hlx_mpi: skipped, no MPI"
fi
finish
