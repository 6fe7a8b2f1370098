#!/bin/sh
# Unit tests and all examples as Windows programs: compiled with mingw-w64, and run under wine where it
# is installed; some examples print there what they print here. windows.sh NAME...: these unit tests
# alone, and no examples.
cd "$(dirname "$0")/.." || exit 1
b=build/windows
cross=x86_64-w64-mingw32-gcc
command -v $cross >/dev/null || { echo "windows: skipped, no $cross (Debian: gcc-mingw-w64)"; exit 0; }
wine=$(command -v wine64 || command -v wine || ls /usr/lib/wine/wine64 2>/dev/null)
[ -n "$wine" ] || echo "windows: compiled alone, running is skipped: no wine (Debian: wine64)"
sh tests/libraries.sh build/lib/mingw $cross || { echo "windows: skipped, no cmocka for it"; exit 0; }
lib=$PWD/build/lib/mingw
mkdir -p $b/test $b/obj $b/log $b/include
[ ! -d /usr/include/stb ] || ln -sfn /usr/include/stb $b/include/stb
export WINEPREFIX="$PWD/$b/prefix" WINEDEBUG=-all OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive
# Not here: tests of drivers, of what POSIX alone has (links, pipes, processes, locales), of allocation
# by --wrap, and those that need names that Windows does not have.
names=${*:-goldilocks_scalar goldilocks_ntt goldilocks_hash goldilocks_fixed
    fp4_scalar fp4_codes fp4_blocks fp4_rules fp4_rounding fp4_circuit fp4_netlists fp4_tensor fp4_products
    tir_io tir_machine tir_symbolic tir_optimize tir_cliff tir_link tir_trisha
    axx_scalar axx_layers axx_graph axx_vit axx_training
    hlx_scalar hlx_simd hlx_kernels hlx_training hlx_sampling hlx_bpe}
failures=0
fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
}
compile() { # output, arguments...: with -lm and the C library inside, so that wine needs nothing else
    out=$1
    shift
    # C99's printf, which counts %zu and long long
    $cross -O1 -g1 -fopenmp -D__USE_MINGW_ANSI_STDIO=1 -I. -isystem $b/include -isystem "$lib/include" -o "$out" "$@" \
        >"$out.log" 2>&1 || { head -n 20 "$out.log"; false; }
}
object() { # prefix of the tests, header, flags...
    prefix=$1 header=$2
    shift 2
    [ -z "$(find nc_*.h -newer $b/obj/$prefix.o 2>&1)" ] && return
    printf '#define NC_IMPLEMENTATION\n#include "%s"\n' $header >$b/obj/$prefix.c
    compile $b/obj/$prefix.o "$@" -c $b/obj/$prefix.c || fail $header
}
case " $names" in *\ goldilocks_*) object goldilocks nc_goldilocks.h ;; esac
case " $names" in *\ fp4_*) object fp4 nc_fp4.h ;; esac
case " $names" in *\ tir_*) object tir nc_tirneural.h ;; esac
case " $names" in *\ axx_*) object axx nc_axx.h -DNC_AXX_VIT ;; esac
case " $names" in *\ hlx_*) object hlx nc_hlx.h -DNC_HLX_FP4 ;; esac
for name in $names; do
    compile $b/test/$name.exe tests/$name.c $b/obj/${name%%_*}.o -static -L"$lib/lib" -lcmocka -ljson-c -lm ||
        { fail "$name does not compile"; continue; }
    [ -n "$wine" ] || continue
    "$wine" $b/test/$name.exe >$b/log/$name 2>&1 || { fail "$name under wine"; grep -A 3 'FAILED\|rror' $b/log/$name | head -n 30; }
    echo "$name: $(grep -c '\[       OK \]' $b/log/$name) tests"
done
digest() { # what it must be, program, arguments...: of the library's results, by every build
    wanted=$1
    shift
    got=$("$wine" "$@" 2>/dev/null | tr -d '\r' | tail -n 1)
    case $got in
    *$wanted) echo "$*: $wanted" ;;
    *) fail "$* under wine: '$got', not $wanted" ;;
    esac
}
same() { # example, arguments...: the same output here and there
    name=$1
    shift
    make --no-print-directory -s build/$name && build/$name "$@" >$b/log/here 2>/dev/null
    "$wine" $b/$name.exe "$@" >$b/log/there 2>$b/log/$name
    tr -d '\r' <$b/log/there | cmp -s - $b/log/here || { fail "$name: other output under wine"; diff $b/log/here $b/log/there | head -n 10; head -n 5 $b/log/$name; }
}
if [ $# = 0 ]; then
    for file in examples/*.c; do
        name=$(basename $file .c)
        [ $name = hlx_mpi ] && continue # MPI for Windows is another package
        compile $b/$name.exe -Wall -Wextra -Werror $file -static -lm || fail "$file"
    done
    if [ -n "$wine" ]; then
        eval "$(grep '^golden_[a-z_0-9]*=' tests/digests.sh)"
        for name in goldilocks fp4 axx; do
            compile $b/digest_$name.exe tests/digest_$name.c -static -lm || fail "digest_$name.c"
            eval "golden=\$golden_$name"
            for level in 0 1; do digest $golden $b/digest_$name.exe $level; done
        done
        digest $golden_train $b/hlx_train.exe --data examples/data/genesis.txt --preset demo --steps 6 \
            --batch 4 --overwrite --eval-windows 0 --out $b/run
        same gl_hash LICENSE
        same gl_merkle cuda
        same gl_fixed --json
        same fp4_compile --template adder --bits 4 --verify --emit json
        same fp4_aes --json
        same tasm_run --help
        same lut_convert drum:4 --json
    fi
fi
echo "$failures failed on Windows"
[ $failures = 0 ]
