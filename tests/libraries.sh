#!/bin/sh
# The two libraries of the unit tests, cmocka and json-c, for a compiler whose system has no packages
# of them: libraries.sh FOLDER COMPILER [FLAG...] makes FOLDER/include and FOLDER/lib from Debian's
# sources. Needs apt-get and cmake; no root, and the system's apt is left as it is.
set -e
folder=$1 compiler=$2
shift 2
[ -f "$folder/done" ] && exit 0
mkdir -p "$folder/apt/parts" "$folder/apt/lists/partial" "$folder/source"
folder=$(cd "$folder" && pwd)
exec 3>&1 >"$folder/log" 2>&1
trap '[ -f "$folder/done" ] || { echo "libraries.sh: see $folder/log"; tail -n 5 "$folder/log"; } >&3' EXIT
cp /etc/apt/sources.list /etc/apt/sources.list.d/* "$folder/apt/parts" 2>/dev/null || true
sed -i 's/^Types: *deb *$/Types: deb-src/; s/^deb /deb-src /' "$folder"/apt/parts/*
own="-o Dir::State::lists=$folder/apt/lists -o Dir::Etc::sourcelist=/dev/null
     -o Dir::Etc::sourceparts=$folder/apt/parts -o Dir::Cache=$folder/apt"
apt-get $own update || true # a list beside Debian's may have no sources
(cd "$folder/source" && apt-get $own -y source --download-only cmocka json-c)
for name in cmocka json-c; do
    mkdir -p "$folder/source/$name"
    tar xf "$folder"/source/${name}_*.orig.tar.?z --strip-components=1 -C "$folder/source/$name"
done
# Shared where it can be: tests count their own allocations, not cmocka's.
system=Linux shared=ON
case $compiler in *mingw*) system=Windows shared=OFF ;; esac
static=$([ $shared = ON ] && echo OFF || echo ON)
for name in cmocka json-c; do
    cmake -S "$folder/source/$name" -B "$folder/build/$name" -DCMAKE_SYSTEM_NAME=$system \
        -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="-w $*" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX="$folder" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
        -DBUILD_SHARED_LIBS=$shared -DWITH_STATIC_LIB=$static -DBUILD_STATIC_LIBS=$static \
        -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF -DBUILD_APPS=OFF -DBUILD_TESTING=OFF -DDISABLE_WERROR=ON
    cmake --build "$folder/build/$name"
    cmake --install "$folder/build/$name"
done
[ $shared = ON ] || find "$folder/build" -name 'libcmocka*.a' -exec cp {} "$folder/lib/libcmocka.a" \;
touch "$folder/done"
