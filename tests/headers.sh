#!/bin/sh
# Header hygiene: what a stranger's compiler, linker and eyes meet. Every check names itself when it
# fails; the script stops at the end with the number of failures. With `all`, both compilers and every
# standard compile every form to the end, for every level of x86-64 and for other processors; else some
# of them only parse.
cd "$(dirname "$0")/.." || exit 1
top=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
headers="nc_fp4.h nc_goldilocks.h nc_tirneural.h nc_axx.h nc_hlx.h nc_gpu.h"
strict="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align
        -Wundef -Wdouble-promotion -Wvla -Werror"
failures=0
bad() { echo "FAILED: $*"; failures=$((failures + 1)); }

# 1. The shared blocks are the same to the letter, and lines stay within 100 columns.
sh tests/blocks.sh || failures=$((failures + 1))
for h in $headers; do
    for block in "base" "base implementation"; do
        grep -q "^/\* ==== nc $block: " $h || bad "$h: no block 'nc $block'"
    done
    awk -v h=$h 'length($0) > 100 { print "FAILED: " h ":" NR ": longer than 100 columns"; n++ }
                 END { exit n > 0 }' $h || failures=$((failures + 1))
done

# One version in all places: CHANGELOG.md's newest, the second line of each header, its macros and the
# newest entry of its own changelog.
version=$(sed -nE '/^## /{s/^## ([^ ]*).*/\1/p;q}' CHANGELOG.md)
for h in $headers; do
    prefix=$(sed -nE 's/^#define (NC_[A-Z0-9]+)_VERSION "[^"]*"$/\1/p' $h)
    {
        sed -nE '2s/^   version ([^ ]*) .*/\1/p' $h
        sed -nE "s/^#define ${prefix}_VERSION \"(.*)\"\$/\1/p" $h
        for part in MAJOR MINOR PATCH; do
            sed -nE "s/^#define ${prefix}_VERSION_$part ([0-9]+)\$/\1/p" $h
        done | paste -sd .
        sed -nE '/^\/\* >>changelog/{n;s/^   ([0-9.]+)  .*/\1/p;q}' $h
    } >"$work/versions"
    yes "$version" | head -n 4 | cmp -s - "$work/versions" ||
        bad "$h: CHANGELOG.md's newest version is $version; first lines, macros (twice) and changelog" \
            "say '$(tr '\n' ' ' <"$work/versions")'"
done

# Nothing stands at the top that the README does not place.
git ls-files 2>/dev/null | grep -v / | grep -vxE \
    'nc_[a-z0-9]+\.h|Makefile|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE|\.clang-(format|tidy)|\.git[a-z]+' |
    sed 's/^/FAILED: unexpected at the top level: /' | grep . && failures=$((failures + 1))

# The README's table of headers is what bench/readme.py makes of them.
if command -v python3 >/dev/null; then
    python3 bench/readme.py --check || failures=$((failures + 1))
fi

# 2. One order in all three places: the table of contents, the groups of the API (`/* -- NAME`) and
#    the sections of the implementation (`/* >>NAME`).
ordered=$headers
for h in $ordered; do
    sed -n '1,/^#ifndef NC_/p' $h | grep -oE '^     >>[a-z0-9]+' | tr -d ' >' >"$work/contents"
    {
        echo types
        echo api
        sed -n '/^\/\* >>api /,/= implementation =/p' $h |
            sed -nE 's|^/\* -- ([a-z0-9]+)[: ].*|\1|p'
        echo changelog
    } >"$work/groups"
    {
        sed -n '/^#ifndef NC_/,$p' $h | sed -nE 's|^/\* >>([a-z0-9]+)( .*)?$|\1|p'
    } >"$work/sections"
    for other in groups sections; do
        cmp -s "$work/contents" "$work/$other" ||
            bad "$h: contents list '$(tr '\n' ' ' <"$work/contents")', $other are '$(tr '\n' ' ' <"$work/$other")'"
    done
done

# 3. Every public prototype is preceded by a comment.
for h in $headers; do
    sed '/= implementation =/,$d' $h |
        awk -v h=$h '/^NC_API / && previous !~ /\*\/$/ { print "FAILED: " h ":" NR ": no comment"; n++ }
                     NF { previous = $0 } END { exit n > 0 }' || failures=$((failures + 1))
done

# Prototype and definition are the same to the letter.
one_line() { # from NC_API to the character $1, one a line
    awk -v last="$1" '/^(NC_API|NC__SHARED) / { on = 1; text = "" }
        on { line = $0; sub(/^NC__SHARED/, "NC_API", line); sub(/^ +/, " ", line); text = text line }
        on && index($0, last) { sub(/ *[;{].*/, "", text); print text; on = 0 }' | grep '(' | sort
}
for h in $ordered; do
    sed '/= implementation =/,$d' $h | one_line ';' >"$work/prototypes"
    sed '1,/= implementation =/d' $h | one_line '{' >"$work/definitions"
    diff "$work/prototypes" "$work/definitions" >"$work/diff" ||
        bad "$h: prototypes and definitions differ: $(cat "$work/diff")"
done

# The grammar of TIR in its manual names every operation.
sed -n '/^   TIR as text/,/^     NAME:/p' nc_tirneural.h | tr -cs 'a-z_0-9' '\n' | sort -u >"$work/grammar"
sed -n '/^#define NC_TIR_KINDS/,/^$/p' nc_tirneural.h |
    sed -nE 's/^    X\([A-Z_0-9]+, +"([a-z_0-9]+)",.*/\1/p' | sort -u |
    comm -23 - "$work/grammar" >"$work/unnamed"
[ -s "$work/unnamed" ] && bad "nc_tirneural.h: no word in its manual on $(tr '\n' ' ' <"$work/unnamed")"

# What a function was to make is null after an error: it is assigned, or handed to another function, in
# a line before the first return or in that, unless the error is that there is no pointer to it.
for h in $headers; do
    sed '1,/= implementation =/d' $h | awk -v h=$h '
        /^(NC_API|NC__SHARED) nc_status / { on = 1; head = ""; text = "" }
        on == 1 { head = head " " $0; if (/\{$/) on = 2; next }
        on == 2 { text = text " " $0 }
        on == 2 && /return|^}/ {
            on = 0
            gsub(/ +/, " ", head)
            n = split(substr(head, index(head, "(") + 1), argument, /, |\)/)
            for (i = 1; i <= n; i++)
                if (argument[i] ~ /^[a-z_0-9]+ \*\*[a-z]+$/ && argument[i] !~ /^const/) {
                    name = argument[i]
                    sub(/.*\*/, "", name)
                    if (text !~ "\\*" name " = |[(]!" name "[)] return|[(,] ?" name "[,)]") {
                        sub(/[(].*/, "", head)
                        print "FAILED: " h ":" head ": *" name " is not null after an error"
                        bad = 1
                    }
                }
        }
        END { exit bad }' || failures=$((failures + 1))
done

# 4. Macros that survive a header carry its prefix.
for h in $headers; do
    grep -oE '^ *# *define +[A-Za-z_0-9]+' $h | awk '{ print $NF }' | grep -v '^NC_' |
        grep -vE '^(stbds_[a-z_]+|STB_DS_IMPLEMENTATION|STBDS_[A-Z_]+|VK_NO_PROTOTYPES|WIN32_LEAN_AND_MEAN|NOMINMAX)$' |
        sed "s/^/FAILED: $h defines /" | grep . && failures=$((failures + 1))
done

# The options that a header reads are those that its first lines list. What the base block reads of
# its own, nc_gpu.h aside (it needs files), is in all of them.
for h in $headers; do
    sed -n '/Options, defined before/,/^$/p' $h | grep -oE '^     NC_[A-Z0-9_, ]+' |
        grep -oE 'NC_[A-Z0-9_]+' | grep -v '^NC_FREE$' | sort -u >"$work/listed"
    {
        echo NC_API
        grep -oE '(ifdef|ifndef|defined\() *NC_[A-Z0-9_]+' $h | grep -oE 'NC_[A-Z0-9_]+$' |
            grep -vE '__|_H$|_(DEFINED|IMPLEMENTED|IMPLEMENTATION)$'
    } | sort -u >"$work/read"
    case $h in
    nc_gpu.h) sed -i '/^NC_NO_\(STDIO\|SIMD\)$/d' "$work/read" ;;
    nc_tirneural.h) echo NC_GOLDILOCKS_EXTERNAL >>"$work/read" ;;
    esac
    sort -u "$work/read" | diff "$work/listed" - >"$work/diff" ||
        bad "$h: options listed (<) and read (>) differ: $(cat "$work/diff")"
done

# A header leaves gcc's options as it found them: one more pop has nothing to take back.
for h in $headers; do
    for options in "" -DNC_GPU -DNC_NO_SIMD; do
        printf '#define NC_IMPLEMENTATION\n#include "%s"\n#pragma GCC pop_options\n' $h |
            gcc -x c -O2 $options -fsyntax-only -I. - 2>&1 | grep -q 'without a corresponding' ||
            bad "$h $options: options of its own stay in force behind it"
    done
done

# Those that promise bits of floats refuse options under which none can be promised.
for h in nc_fp4.h nc_axx.h nc_hlx.h; do
    for options in -ffast-math -mfpmath=387; do
        [ $options = -mfpmath=387 ] && [ "$(uname -m)" != x86_64 ] && continue
        printf '#define NC_IMPLEMENTATION\n#include "%s"\n' $h | gcc -x c $options -fsyntax-only -I. - 2>&1 |
            grep -q "error: #error \"$h promises bits" || bad "$h is compiled with $options"
    done
done

# 5. The copy test: each header alone in an empty folder with what its first lines name, as C and
#    C++, by both compilers, with and without OpenMP and SIMD, extern and static. A line of `jobs` is
#    a folder and a command; -fsyntax-only is in those that only `all` compiles to the end.
parse=-fsyntax-only
[ "$1" = all ] && parse=
mkdir "$work/copy" "$work/stb" "$work/gpu"
cp nc_gpu.h "$work/gpu/"
cp /usr/include/stb/stb_ds.h "$work/stb/"
for h in $headers; do
    n=$(basename $h .h)
    mkdir "$work/copy/$n"
    cp $h "$work/copy/$n/"
    [ $h = nc_tirneural.h ] && cp nc_goldilocks.h "$work/copy/$n/"
    printf '#define NC_IMPLEMENTATION\n#include "%s"\n#include "%s"\n' $h $h >"$work/copy/$n/impl.c"
    printf '#define NC_STATIC\n#define NC_IMPLEMENTATION\n#include "%s"\n' $h >"$work/copy/$n/static.c"
    printf '#include "%s"\n#define NC_IMPLEMENTATION\n#include "%s"\n' $h $h >"$work/copy/$n/late.c"
    cat >"$work/copy/$n/hostile.c" <<EOF
#include <stdlib.h>
static void my_free(void *p) { free(p); }
#define min(a, b) hostile
#define max(a, b) hostile
#define near hostile
#define far hostile
#define small hostile
#define free(p) my_free(p)
#define I hostile
#define NC_IMPLEMENTATION
#include "$h"
EOF
    c="-Wstrict-prototypes -Wmissing-prototypes"
    for line in "gcc -std=c99 -O2 $c impl.c" "gcc -std=gnu11 -O3 -march=native $c impl.c" \
        "gcc $parse -std=c11 -O0 $c impl.c" "gcc $parse -std=gnu11 -O0 $c impl.c" \
        "gcc $parse -std=c2x -O0 $c impl.c" "clang -std=c99 -O2 $c impl.c" \
        "clang $parse -std=c11 -O0 $c impl.c" "clang $parse -std=gnu11 -O0 $c impl.c" \
        "clang $parse -std=c2x -O0 $c impl.c" "gcc -std=c99 -O2 -fopenmp static.c" \
        "clang $parse -std=c99 -O2 -fopenmp static.c" "gcc -std=c99 -O0 late.c" \
        "clang $parse -std=c99 -O0 late.c" "gcc -std=gnu11 -O0 hostile.c" \
        "clang $parse -std=gnu11 -O0 hostile.c" "g++ -x c++ -std=c++11 -O0 impl.c" \
        "g++ $parse -x c++ -std=c++17 -O2 -fopenmp impl.c" "g++ $parse -x c++ -std=c++20 -O0 impl.c" \
        "clang++ $parse -x c++ -std=c++11 -O0 impl.c" "clang++ -x c++ -std=c++17 -O0 -fopenmp impl.c" \
        "clang++ $parse -x c++ -std=c++20 -O0 impl.c" "g++ $parse -x c++ -std=c++17 -O0 static.c" \
        "clang++ $parse -x c++ -std=c++17 -O0 static.c"; do echo "$n $line"; done
    if [ $n != nc_gpu ]; then
        echo "$n gcc -std=gnu11 -O0 -DNC_NO_SIMD -DNC_NO_STDIO impl.c"
        echo "$n gcc $parse -std=gnu11 -O0 -DNC_NO_SIMD -DNC_NO_STDIO static.c"
        echo "$n clang $parse -std=gnu11 -O0 -DNC_NO_SIMD -DNC_NO_STDIO impl.c"
    fi
    if grep -q stb_ds.h $h; then # a copy of it beside the header
        for line in "gcc $parse -std=c99 -O2" "clang $parse -std=c99 -O2" \
            "g++ $parse -x c++ -std=c++17 -O0" "clang++ $parse -x c++ -std=c++17 -O0"; do
            echo "$n $line -I$work/stb impl.c"
        done
    fi
    if grep -q '^#ifdef NC_GPU$' $h; then # with nc_gpu.h beside it
        printf '#define NC_GPU\n#define NC_IMPLEMENTATION\n#include "%s"\n' $h >"$work/copy/$n/gpu.c"
        for line in "gcc $parse -std=c99 -O2" "clang $parse -std=c2x -O0" \
            "g++ $parse -x c++ -std=c++17 -O2 -fopenmp" "clang++ $parse -x c++ -std=c++11 -O0" \
            "gcc -std=gnu11 -O0 -DNC_GPU_NO_VULKAN"; do echo "$n $line -I$work/gpu gpu.c"; done
    fi
    [ "$1" = all ] || continue
    # gcc warns when it optimises, clang refuses intrinsics when it generates code; the rest is parsed.
    for march in x86-64-v2 x86-64-v3 x86-64-v4 znver3 native; do
        for line in "gcc -std=gnu11 -O3" "clang -std=c11 -O1" "gcc -fsyntax-only -std=c99 -O3" \
            "g++ -fsyntax-only -x c++ -std=c++17 -O3"; do
            echo "$n $line -march=$march impl.c"
        done
    done
    echo '#include <errno.h>' | gcc -m32 -x c - -c -o /dev/null 2>/dev/null && # gcc-multilib
        echo "$n gcc -m32 -msse2 -mfpmath=sse $parse -std=c99 -O2 impl.c"
    for cc in aarch64-linux-gnu-gcc s390x-linux-gnu-gcc; do # where they are installed: compile only
        echo '#include <stdio.h>' | $cc -x c - -c -o /dev/null 2>/dev/null &&
            echo "$n $cc -std=gnu11 -O2 impl.c"
    done
    command -v x86_64-w64-mingw32-gcc >/dev/null && [ $n != nc_gpu ] &&
        echo "$n x86_64-w64-mingw32-gcc -std=gnu11 -O2 -I$work/stb impl.c"
done >"$work/jobs"
for line in "gcc -std=c99 -O2" "clang $parse -std=c2x -O0" "g++ $parse -x c++ -std=c++20 -O2 -fopenmp" \
    "clang++ $parse -x c++ -std=c++11 -O0" "gcc $parse -std=gnu11 -O0 -DNC_NO_SIMD"; do
    echo "nc_axx $line -I$top -DNC_AXX_VIT -DNC_GPU impl.c"
done >>"$work/jobs"
cat >"$work/job.sh" <<EOF
set -- \$1
n=\$1; shift
cd "$work/copy/\$n" || exit 1
"\$@" $(echo $strict) -c -o /dev/null 2>&1 | head -n 20 >"$work/log.\$\$"
[ -s "$work/log.\$\$" ] || exit 0
echo "FAILED: \$n: \$*"; cat "$work/log.\$\$"
EOF
xargs -P "$(nproc)" -I@ sh "$work/job.sh" @ <"$work/jobs" >"$work/compiled"
cat "$work/compiled"
failures=$((failures + $(grep -c FAILED "$work/compiled")))
echo "$(wc -l <"$work/jobs") compilations"

# What follows runs side by side: one file of shell a check, which says FAILED.
mkdir "$work/check"

# 6. The quick example in each title comment compiles by the line below it as it stands and runs, in
#    C99 and in C++17 too.
# 7. Symbols: only nc_ names leave an object, none with NC_STATIC.
for h in $headers; do
    n=$(basename $h .h)
    sed -n '1,/^#ifndef NC_/p' $h | sed -n '/#include <stdio.h>/,/^       }/p' | sed 's/^       //' \
        >"$work/copy/$n/quick.c"
    line=$(sed -nE '1,/^#ifndef NC_/s/^   Compile with: (cc .*)$/\1/p' $h)
    cat >"$work/check/$n" <<EOF
cd "$work/copy/$n"
cp quick.c file.c
${line:-false} && ./a.out >/dev/null || echo "FAILED: $h: its line '$line'"
for compiler in "gcc -std=c99" "g++ -std=c++17 -Wno-missing-field-initializers -x c++"; do
    \$compiler -Wall -Wextra -Werror quick.c -o quick -lm && ./quick >quick.out && [ -s quick.out ] ||
        echo "FAILED: $h: its quick example by \$compiler"
done
sed "s/^/$n example: /" quick.out
gcc -O0 -c impl.c -o impl.o && gcc -O0 -Wno-unused-function -c static.c -o static.o
nm -g --defined-only impl.o | awk '{ print \$3 }' | grep -v '^nc_' &&
    echo "FAILED: $h: foreign symbols"
nm -g --defined-only static.o | awk '{ print \$3 }' | grep -vE '^nc_[a-z0-9]+_stbds_' &&
    echo "FAILED: $h: symbols in spite of NC_STATIC"
EOF
done

# 8. Several headers and several files in one program.
all=$(for h in $headers; do echo "#include \"$top/$h\""; done)
reverse=$(for h in $headers; do echo "#include \"$top/$h\""; done | sed -n '1!G;h;$p')
main='int main(void) { return nc_status_str(NC_OK)[0] != 0x6f; }'
printf '#define NC_IMPLEMENTATION\n%s\n%s\n' "$all" "$main" >"$work/all.c"
printf '#define NC_IMPLEMENTATION\n%s\n%s\n' "$reverse" "$main" >"$work/reverse.c"
printf '%s\n%s\n' "$all" "$main" >"$work/user.c"
for f in all reverse; do
    cat >"$work/check/$f" <<EOF
cd "$work"
gcc -std=c99 -O0 -DNC_GPU $f.c -o $f -lm && ./$f || echo "FAILED: all headers in one file ($f)"
EOF
    cat >"$work/check/$f++" <<EOF
cd "$work"
g++ -std=c++17 -O0 -DNC_GPU -x c++ $f.c -o $f++ -lm && ./$f++ ||
    echo "FAILED: all headers in one C++ file ($f)"
EOF
done
for h in $headers; do # each implemented in a file of its own
    external=
    [ $h = nc_tirneural.h ] && external='#define NC_GOLDILOCKS_EXTERNAL'
    printf '%s\n#define NC_IMPLEMENTATION\n#include "%s/%s"\n' "$external" "$top" $h \
        >"$work/own.$(basename $h .h).c"
done
printf '#define NC_STATIC\n#define NC_IMPLEMENTATION\n%s\nint other(void) { return 0; }\n' "$all" >"$work/static2.c"
printf '#define NC_STATIC\n#define NC_IMPLEMENTATION\n%s\n%s\n' "$all" "$main" >"$work/static1.c"
cat >"$work/check/own" <<EOF
cd "$work"
gcc -O0 own.*.c user.c -o own -lm && ./own || echo "FAILED: one file per header"
EOF
cat >"$work/check/static" <<EOF
cd "$work"
gcc -O0 -w -DNC_STB_DS_EXTERNAL -c static2.c -o static2.o && gcc -O0 -w static1.c -c -o static1.o ||
    echo "FAILED: static copies"
EOF

# 9. Contraction is off inside and on again after the include, as the user asked.
cat >"$work/contract.c" <<EOF
#define NC_IMPLEMENTATION
#include "$top/nc_hlx.h"
#include "$top/nc_axx.h"
float user_code(float a, float b, float c);
float user_code(float a, float b, float c) { return a * b + c; }
EOF
for cc in gcc clang; do
    cat >"$work/check/contract.$cc" <<EOF
cd "$work"
$cc -O2 -mfma -ffp-contract=fast -c contract.c -o contract.$cc.o
objdump -d contract.$cc.o | sed -n '/<user_code>:/,/ret/p' | grep -q vfmadd ||
    echo "FAILED: $cc: user code after the include is not contracted"
EOF
done
ls "$work"/check/* | xargs -P "$(nproc)" -n 1 sh >"$work/checked" 2>&1
cat "$work/checked"
failures=$((failures + $(grep -c FAILED "$work/checked")))

# 10. Every kernel is one text in cuda/, which shaders/ includes; tir_forward says why it is two.
for k in $(ls cuda/*.cu shaders/*.comp | sed 's|.*/||; s|\..*||' | sort -u); do
    [ -f cuda/$k.cu ] && [ -f shaders/$k.comp ] || { bad "$k: not in both cuda/ and shaders/"; continue; }
    [ $k = tir_forward ] && continue
    printf '#version 450\n#extension GL_GOOGLE_include_directive : require\n#include "../cuda/%s.cu"\n' $k |
        cmp -s - shaders/$k.comp || bad "shaders/$k.comp holds more than cuda/$k.cu"
done

echo "$failures failures"
[ $failures = 0 ]
