#!/bin/sh
# The parameters after six training steps, by every build: one digest. Made by gcc 12 -O2; what
# counts is that all builds agree with it.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
golden=a3a2535b3f266d71
failures=0
n=0

check() { # name, environment, command
    got=$(env $2 OMP_NUM_THREADS="$3" "$work/train" --data examples/data/genesis.txt --preset demo \
        --steps 6 --batch 4 --out "$work/out" | tail -n 1)
    n=$((n + 1))
    if [ "$got" = "parameters digest: $golden" ]; then
        printf '%-48s %s\n' "$1, $3 threads" "${got##* }"
    else
        printf 'FAILED: %-40s %s\n' "$1, $3 threads" "$got"
        failures=$((failures + 1))
    fi
}

for cc in gcc clang; do
    for flags in "-O0" "-O1" "-O2" "-O3" "-O2 -DNC_NO_SIMD" "-O2 -march=x86-64-v3" \
        "-O3 -march=native" "-Os" "-O2 -std=c99 -D_POSIX_C_SOURCE=200112L"; do
        $cc $flags -fopenmp examples/hlx_train.c -o "$work/train" -lm || { failures=$((failures + 1)); continue; }
        check "$cc $flags" "" 1
        check "$cc $flags" "" 2
    done
done
# Contraction that no pragma can stop is noticed at run time and refused.
clang -O2 -march=native -ffp-contract=fast examples/hlx_train.c -o "$work/train" -lm
if "$work/train" --data examples/data/genesis.txt --preset demo --steps 1 --out "$work/out" \
    >/dev/null 2>"$work/err" || ! grep -q unsupported "$work/err"; then
    if [ "$(uname -m)" = x86_64 ]; then
        echo "FAILED: clang -ffp-contract=fast is not refused"
        failures=$((failures + 1))
    fi
fi
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
    aarch64-linux-gnu-gcc -O2 -static examples/hlx_train.c -o "$work/train.arm" -lm &&
        printf '#!/bin/sh\nexec qemu-aarch64 %s "$@"\n' "$work/train.arm" >"$work/train" &&
        chmod +x "$work/train" && check "aarch64 gcc -O2 under qemu" "" 1
else
    echo "aarch64: skipped, no cross compiler or qemu-user"
fi
echo "$n digests, $failures failures"
[ $failures = 0 ]
