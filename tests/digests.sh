#!/bin/sh
# One digest by every build: of the parameters after six training steps (nc_hlx.h), of field results
# (nc_goldilocks.h), of what nc_fp4.h and nc_axx.h compute. Made by gcc 12 -O2; what counts is that
# all builds agree with them.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
golden=a3a2535b3f266d71
golden_all=ec388e65863ec6cd
golden_field=108bf0a100a7e5e4
golden_fp4=4bc986c862d7b2f8
golden_axx=9f01d6fe32af7229
failures=0
n=0

all="--flash --bf16 --dropout 0.1 --accumulate 2 --tied"

verdict() { # name, what it gave, what it must give
    n=$((n + 1))
    if [ "$2" = "parameters digest: $3" ]; then
        printf '%-48s %s\n' "$1" "$3"
    else
        printf 'FAILED: %-40s %s\n' "$1" "$2"
        failures=$((failures + 1))
    fi
}
train() { # options: six steps; prints the digest's line
    "$work/train" --data examples/data/genesis.txt --preset demo --steps 6 --out "$work/out" "$@" |
        tail -n 1
}
check_all() { # name
    verdict "$1, all options" "$(train --batch 2 $all)" $golden_all
}
check() { # name, threads
    verdict "$1, $2 threads" "$(OMP_NUM_THREADS=$2 train --batch 4)" $golden
}

check_words() { # name, what must come, command...
    name=$1 wanted=$2
    shift 2
    got=$("$@")
    n=$((n + 1))
    case $got in
    $wanted) printf '%-48s %s\n' "$name" "$got" ;;
    unavailable) echo "$name: skipped, this machine lacks it" ;;
    *)
        printf 'FAILED: %-40s %s\n' "$name" "$got"
        failures=$((failures + 1))
        ;;
    esac
}
check_field() { # name, command...
    name=$1
    shift
    check_words "goldilocks, $name" $golden_field "$@"
}

for cc in gcc clang; do
    for flags in "-O0" "-O1" "-O2" "-O3 -march=native" "-O2 -DNC_NO_SIMD" "-O2 -fopenmp" \
        "-O2 -U__SIZEOF_INT128__ -Wno-builtin-macro-redefined" "-O2 -std=c99" "-Os"; do
        $cc $flags tests/digest_goldilocks.c -o "$work/field" || { failures=$((failures + 1)); continue; }
        check_field "$cc $flags" "$work/field"
    done
    for level in 0 1 2 3; do check_field "$cc -Os, level $level" "$work/field" $level; done
done
# Circuits, files and tensors of nc_fp4.h, multipliers, layers and networks of nc_axx.h; a copy of
# stb_ds.h is for the cross compilers.
mkdir "$work/stb"
cp /usr/include/stb/stb_ds.h "$work/stb/"
check_library() { # name, digest
    for cc in gcc clang; do
        for flags in "-O0" "-O2 -fopenmp" "-O3 -march=native" "-Os -DNC_NO_SIMD"; do
            $cc $flags tests/digest_$1.c -o "$work/$1" -lm || { failures=$((failures + 1)); continue; }
            check_words "$1, $cc $flags" $2 "$work/$1"
        done
        $cc -O2 tests/digest_$1.c -o "$work/$1" -lm || failures=$((failures + 1))
        for level in 0 1 2; do check_words "$1, $cc -O2, level $level" $2 "$work/$1" $level; done
    done
    for arch in aarch64 s390x; do
        if command -v qemu-$arch >/dev/null &&
            $arch-linux-gnu-gcc -O2 -static -I"$work/stb" tests/digest_$1.c -o "$work/$1" -lm 2>/dev/null; then
            check_words "$1, $arch gcc -O2 under qemu" $2 qemu-$arch "$work/$1"
        fi
    done
}
check_library fp4 $golden_fp4
check_library axx $golden_axx
for arch in aarch64 s390x; do
    if command -v qemu-$arch >/dev/null &&
        $arch-linux-gnu-gcc -O2 -static tests/digest_goldilocks.c -o "$work/field" 2>/dev/null; then
        check_field "$arch gcc -O2 under qemu" qemu-$arch "$work/field"
    fi
done

for cc in gcc clang; do
    for flags in "-O0" "-O1" "-O2" "-O3" "-O2 -DNC_NO_SIMD" "-O2 -march=x86-64-v3" \
        "-O3 -march=native" "-Os" "-O2 -std=c99 -D_POSIX_C_SOURCE=200112L"; do
        $cc $flags -fopenmp examples/hlx_train.c -o "$work/train" -lm || { failures=$((failures + 1)); continue; }
        check "$cc $flags" 1
        check "$cc $flags" 2
        check_all "$cc $flags"
    done
done
# The same bits from the kernels: SPIR-V on lavapipe, and CUDA source on the CPU.
gcc -O2 -fopenmp examples/hlx_train.c -o "$work/train" -lm
for road in "kernels " "shim build/shim/libcuda_on_cpu.so"; do
    export NC_KERNEL_PATH=build/${road% *} NC_GPU_LIBRARY=${road#* }
    device=vulkan; [ -n "$NC_GPU_LIBRARY" ] && device=cuda
    verdict "$device kernels" "$(train --batch 4 --device $device)" $golden
    verdict "$device kernels, all options" "$(train --batch 2 $all --device $device)" $golden_all
done
unset NC_KERNEL_PATH NC_GPU_LIBRARY
# Contraction that no pragma can stop is noticed at run time and refused.
clang -O2 -march=native -ffp-contract=fast examples/hlx_train.c -o "$work/train" -lm
if "$work/train" --data examples/data/genesis.txt --preset demo --steps 1 --out "$work/out" \
    >/dev/null 2>"$work/err" || ! grep -q unsupported "$work/err"; then
    if grep -qw fma /proc/cpuinfo; then # without the instruction there is nothing to contract
        echo "FAILED: clang -ffp-contract=fast is not refused"
        failures=$((failures + 1))
    fi
fi
# Other processors, big-endian s390x among them, where a cross compiler and qemu-user are.
for arch in aarch64 s390x; do
    if command -v qemu-$arch >/dev/null &&
        $arch-linux-gnu-gcc -O2 -static examples/hlx_train.c -o "$work/train.$arch" -lm 2>/dev/null; then
        printf '#!/bin/sh\nexec qemu-%s %s "$@"\n' $arch "$work/train.$arch" >"$work/train"
        chmod +x "$work/train"
        # three steps there and three here, with a checkpoint in between, both ways round
        gcc -O2 examples/hlx_train.c -o "$work/here" -lm
        for first in train here; do
            second=here; [ $first = here ] && second=train
            rm -rf "$work/out"
            for run in "$first 3" "$second 6 --resume"; do
                set -- $run
                "$work/$1" --data examples/data/genesis.txt --preset demo --batch 4 --decay 6 \
                    --out "$work/out" --steps $2 $3 >"$work/log" || failures=$((failures + 1))
            done
            n=$((n + 1))
            if tail -n 1 "$work/log" | grep -q $golden; then
                printf '%-48s %s\n' "$arch gcc -O2 under qemu, $([ $first = train ] && echo "then here" || echo "after here")" $golden
            else
                echo "FAILED: resumed across $arch ($first first)"
                failures=$((failures + 1))
            fi
        done
        check_all "$arch gcc -O2 under qemu"
    else
        echo "$arch: skipped, no cross compiler or qemu-user"
    fi
done
echo "$n digests, $failures failures"
[ $failures = 0 ]
