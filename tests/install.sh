#!/bin/sh
# What `make install` leaves and `make uninstall` takes: a user's program per header (tests/user) from
# the installed package by pkg-config and by CMake. The tarball of `make dist`, the page of `make docs`.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
make --no-print-directory -s B=build kernels || exit 1
headers="goldilocks fp4 tirneural axx hlx gpu"
quiet_make() { make --no-print-directory -s B=build "$@"; }
same() { # what, expected, got
    n=$((n + 1))
    [ "$2" = "$3" ] || { echo "FAILED: $1 is '$3', not '$2'"; failures=$((failures + 1)); }
}

prefix=$work/prefix
version=$(sed -nE '/^## /{s/^## ([^ ]*).*/\1/p;q}' CHANGELOG.md)
export PKG_CONFIG_PATH="$prefix/share/pkgconfig"
expect 0 quiet_make install PREFIX="$prefix"
cp -r tests/user "$work/user"
if command -v pkg-config >/dev/null; then
    for h in $headers; do
        same "the version of nc_$h.pc" "$version" "$(pkg-config --modversion nc_$h)"
        # shellcheck disable=SC2046
        expect 0 env -C "$work/user" ${CC:-cc} -std=c99 -O1 -Wall -Wextra -Werror $h.c -o $h \
            $(pkg-config --cflags --libs nc_$h)
        expect 0 "$work/user/$h" "$(pkg-config --variable=kernels nc_$h)"
        contains "nc_$h $version: "
        head -n 1 "$work/out"
    done
else
    echo "skipped: pkg-config, which is not installed"
fi
if command -v cmake >/dev/null; then
    expect 0 cmake -S "$work/user" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix"
    expect 0 cmake --build "$work/cmake"
    for h in $headers; do
        expect 0 "$work/cmake/$h" "$prefix/share/nc/kernels"
        contains "nc_$h $version: "
    done
    for wanted in "9.0" "0.0.1" "$version REQUIRED COMPONENTS fp5"; do # another series, no such header
        printf 'cmake_minimum_required(VERSION 3.10)\nproject(none C)\nfind_package(nc %s %s)\n' \
            "$wanted" "$(echo "$wanted" | grep -q REQUIRED || echo REQUIRED)" >"$work/user/CMakeLists.txt"
        expect 1 cmake -S "$work/user" -B "$work/none" -DCMAKE_PREFIX_PATH="$prefix"
        rm -rf "$work/none"
    done
else
    echo "skipped: CMake, which is not installed"
fi

# As packages of a distribution are made: all of it under DESTDIR, and no word of that in it.
expect 0 quiet_make install DESTDIR="$work/stage" PREFIX=/usr
same "the prefix of a staged package" /usr "$(sed -n 's/^prefix=//p' "$work/stage/usr/share/pkgconfig/nc_hlx.pc")"
same "what a staged package says of its stage" "" "$(grep -rl "$work" "$work/stage")"
same "a staged package beside another" "" \
    "$(cd "$work/stage/usr" && find . -type f | while read -r f; do [ -f "$prefix/$f" ] || echo "$f"; done)"

# Nothing is left, but for what is not ours.
echo mine >"$prefix/include/mine.h"
expect 0 quiet_make uninstall PREFIX="$prefix"
same "what uninstall leaves" "./include/mine.h" "$(cd "$prefix" && find . ! -type d)"
same "folders that uninstall leaves" "" "$(find "$prefix" -type d -name nc)"
expect 0 quiet_make uninstall DESTDIR="$work/stage" PREFIX=/usr
same "what uninstall leaves in a stage" "" "$(find "$work/stage" ! -type d)"
expect 2 quiet_make install PREFIX=here

# The tarball: the same bytes twice, and once more from what is in it; there checksums are right, an
# example builds and runs, and the kernels are built.
expect 0 env TZ=Asia/Tokyo sh tests/dist.sh build
same "the sum of the tarball" "$(cat "build/nc-$version.tar.gz.sha256")" \
    "$(cd build && sha256sum "nc-$version.tar.gz")"
mkdir "$work/empty"
(umask 077 && tar -xzf "build/nc-$version.tar.gz" -C "$work/empty")
tree=$work/empty/nc-$version
expect 0 env -C "$tree" sha256sum --quiet -c SHA256SUMS
expect 0 env -C "$tree" make -s GLSL=false NVCC= kernels build/gl_hash
expect 0 "$tree/build/gl_hash" "$tree/LICENSE"
cp "build/nc-$version.tar.gz" "$work/first.tar.gz"
expect 0 env -C "$tree" sh tests/dist.sh
expect 0 cmp "$tree/build/nc-$version.tar.gz" "$work/first.tar.gz"
expect 0 sh tests/dist.sh build
expect 0 cmp "build/nc-$version.tar.gz" "$work/first.tar.gz"

# The page has every public function once, and no link leads nowhere.
if command -v python3 >/dev/null; then
    # shellcheck disable=SC2046
    expect 0 python3 tests/docs.py $(printf 'nc_%s.h ' $headers)
    grep -oE '\bid="[^"]+"' "$work/out" | cut -d'"' -f2 | sort >"$work/ids"
    same "names twice on the page" "" "$(uniq -d "$work/ids")"
    same "links that lead nowhere" "" \
        "$(grep -oE 'href="#[^"]+"' "$work/out" | cut -d'"' -f2 | tr -d '#' | sort -u | comm -23 - "$work/ids")"
    for h in $headers; do
        sed '/= implementation =/,$d' nc_$h.h | grep -oE '^NC_API [^(]*' | grep -oE '[a-z_0-9]+$'
    done | sort -u | comm -23 - "$work/ids" >"$work/unlisted"
    same "functions that the page has not" "" "$(cat "$work/unlisted")"
else
    echo "skipped: the page of the manuals, which needs Python 3"
fi
finish
