#!/bin/sh
# One digest by every build: of the parameters after six training steps (nc_hlx.h), of field results
# (nc_goldilocks.h), of what nc_fp4.h and nc_axx.h compute. Made by gcc 12 -O2; what counts is that
# all builds agree with them. With `all`: every level of optimisation, and other processors.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quick=yes
[ "$1" = all ] && quick=

cat >"$work/lib.sh" <<'EOF2'
golden_goldilocks=108bf0a100a7e5e4
golden_fp4=d8ee2945c5339d69
golden_axx=d9d09e62c06ef2d6
golden_train=a3a2535b3f266d71
golden_train_all=ec388e65863ec6cd # with all the options of train_all
golden_train_llama=3b86f66c8bd8a1f4
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

verdict() { # name, what it gave, what it must give
    case $2 in
    "$3" | "parameters digest: $3") printf '%-56s %s\n' "$1" "$3" ;;
    unavailable) echo "$1: skipped, this machine lacks it" ;;
    *) printf 'FAILED: %-48s %s\n' "$1" "$2" ;;
    esac
}
build() { # source, program, compiler and flags...
    source=$1 program=$2
    shift 2
    "$@" $source -o "$program" -lm || { echo "FAILED: $* does not compile $source"; exit 1; }
}
train() { # options: six steps of $here/train; prints the digest's line
    "$here/train" --data examples/data/genesis.txt --preset demo --steps 6 --overwrite \
        --eval-windows 0 --out "$here/out" "$@" |
        tail -n 1
}
train_all() { # options
    train --batch 2 --flash --bf16 --dropout 0.1 --accumulate 2 --tied "$@"
}
train_llama() {
    train --batch 2 --llama --kv-heads 2 --flash --bf16 "$@"
}
# Results of tests/digest_NAME.c: $1 name, $2 levels to force ("" for none), then compiler and flags.
library() {
    name=$1 levels=$2
    shift 2
    eval "golden=\$golden_$name"
    build tests/digest_$name.c "$here/digest" "$@"
    [ -n "$levels" ] || verdict "$name, $*" "$("$here/digest")" $golden
    for level in $levels; do
        verdict "$name, $*, level $level" "$("$here/digest" $level)" $golden
    done
}
# The same on another processor: name, processor, levels, then options of qemu.
under_qemu() {
    name=$1 arch=$2 levels=$3
    shift 3
    eval "golden=\$golden_$name"
    build tests/digest_$name.c "$here/digest" $arch-linux-gnu-gcc -O2 -static -I"$stb"
    for level in ${levels:-"''"}; do
        verdict "$name, $arch under qemu $*${levels:+, level $level}" \
            "$(qemu-$arch "$@" "$here/digest" ${levels:+$level})" $golden
    done
}
training() { # compiler and flags
    build examples/hlx_train.c "$here/train" "$@" -fopenmp
    for threads in 1 2; do
        verdict "train, $*, $threads threads" "$(OMP_NUM_THREADS=$threads train --batch 4)" $golden_train
    done
    verdict "train, $*, all options" "$(train_all)" $golden_train_all
    verdict "train, $*, LLaMA's blocks" "$(train_llama)" $golden_train_llama
}
# The same bits from the kernels: SPIR-V on lavapipe, and CUDA source on the CPU.
on_device() { # device, kernels, driver
    export NC_KERNEL_PATH=build/$2 NC_GPU_LIBRARY=$3
    build examples/hlx_train.c "$here/train" gcc -O1 -fopenmp
    verdict "train, $1 kernels" "$(train --batch 4 --device $1)" $golden_train
    verdict "train, $1 kernels, all options" "$(train_all --device $1)" $golden_train_all
    verdict "train, $1 kernels, LLaMA's blocks" "$(train_llama --device $1)" $golden_train_llama
}
# Contraction that no pragma can stop is noticed at run time and refused.
contraction() {
    grep -qw fma /proc/cpuinfo || return # without the instruction there is nothing to contract
    build examples/hlx_train.c "$here/train" clang -O2 -march=native -ffp-contract=fast
    "$here/train" --data examples/data/genesis.txt --preset demo --steps 1 --overwrite --out "$here/out" \
        >/dev/null 2>"$here/err" && echo "FAILED: clang -ffp-contract=fast is taken"
    grep -q unsupported "$here/err" || echo "FAILED: clang -ffp-contract=fast is not refused"
}
# Three steps on another processor and three here, with a checkpoint in between, both ways round.
resumed_across() { # processor
    build examples/hlx_train.c "$here/there.$1" $1-linux-gnu-gcc -O2 -static
    build examples/hlx_train.c "$here/here" gcc -O2
    printf '#!/bin/sh\nexec qemu-%s %s "$@"\n' $1 "$here/there.$1" >"$here/train"
    chmod +x "$here/train"
    for order in "train here" "here train"; do
        set -- $1 $order
        rm -rf "$here/out"
        for run in "$2 3" "$3 6 --resume"; do
            "$here/${run%% *}" --data examples/data/genesis.txt --preset demo --batch 4 --decay 6 \
                --out "$here/out" --steps ${run#* } >"$here/log" || echo "FAILED: $1 $run"
        done
        verdict "train, $1 gcc -O2 under qemu, $2 first" "$(tail -n 1 "$here/log")" $golden_train
    done
    verdict "train, $1 gcc -O2 under qemu, all options" "$(train_all)" $golden_train_all
    verdict "train, $1 gcc -O2 under qemu, LLaMA's blocks" "$(train_llama)" $golden_train_llama
}
EOF2

mkdir "$work/stb" # for the cross compilers
cp /usr/include/stb/stb_ds.h "$work/stb/"
echo "stb=$work/stb" >>"$work/lib.sh"

{
    echo "on_device cuda shim build/shim/libcuda_on_cpu.so" # the slowest come first
    echo "on_device vulkan kernels"
    for arch in aarch64 s390x; do
        if ! command -v qemu-$arch >/dev/null || ! command -v $arch-linux-gnu-gcc >/dev/null; then
            echo "echo '$arch: skipped, no cross compiler or qemu-user'"
            continue
        fi
        [ -n "$quick" ] || echo "resumed_across $arch"
        for name in goldilocks fp4 axx; do
            case $arch$quick in
            s390x) echo "under_qemu $name $arch ''" ;;
            aarch64) # the Cortex-A53 has no dot products
                echo "under_qemu $name $arch '0 1 2'; under_qemu $name $arch '' -cpu cortex-a53" ;;
            aarch64yes) [ $name = axx ] || echo "under_qemu $name $arch '1 2'" ;;
            esac
        done
    done
    echo "training gcc -O3 -march=native"
    echo "training clang -O1 -DNC_NO_SIMD"
    echo contraction
    for cc in gcc clang; do
        echo "training $cc -O2"
        echo "library goldilocks '0 1 2 3' $cc -Os"
        echo "library fp4 '0 1 2' $cc -O1"
        echo "library axx '0 1 2' $cc -O1"
        for name in goldilocks fp4 axx; do
            echo "library $name '' $cc -O3 -march=native"
            [ $cc = gcc ] && echo "library $name '' gcc -O1 -DNC_NO_SIMD -fopenmp"
            [ $cc = gcc ] && echo "library $name '' gcc -O1 -funsigned-char"
            [ -n "$quick" ] && continue
            for flags in "-O0" "-O2 -fopenmp" "-Os -DNC_NO_SIMD" "-O2 -std=c99"; do
                echo "library $name '' $cc $flags"
            done
        done
        [ -n "$quick" ] && continue
        echo "library goldilocks '' $cc -O1"
        echo "library goldilocks '' $cc -O2 -U__SIZEOF_INT128__ -Wno-builtin-macro-redefined"
        for flags in "-O0" "-O1" "-O3" "-O2 -DNC_NO_SIMD" "-O2 -march=x86-64-v3" "-O3 -march=native" \
            "-Os" "-O2 -std=c99 -D_POSIX_C_SOURCE=200112L"; do
            [ "$cc $flags" = "gcc -O3 -march=native" ] || echo "training $cc $flags"
        done
    done
} >"$work/jobs"
xargs -P "$(nproc)" -d '\n' -I@ sh -c '. '"$work"'/lib.sh; @' <"$work/jobs" >"$work/out" 2>&1
sort "$work/out"
failures=$(grep -c FAILED "$work/out")
echo "$(grep -cE ' [0-9a-f]{16}$' "$work/out") digests, $failures failures"
[ "$failures" = 0 ]
