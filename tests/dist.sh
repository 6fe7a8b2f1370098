#!/bin/sh
# `make dist`: dist.sh BUILD [FOLDER] writes BUILD/nc-VERSION.tar.gz: what git lists (where there is no
# git, what SHA256SUMS lists), the kernels built in build/kernels, where make and the examples find them,
# and SHA256SUMS of all. The same files give the same bytes: names are sorted, times are
# SOURCE_DATE_EPOCH or the last commit's, owner and mode those of nobody. Needs GNU tar.
set -e
cd "$(dirname "$0")/.."
build=${1:-build}
version=$(sed -nE '/^## /{s/^## ([^ ]*).*/\1/p;q}' CHANGELOG.md)
name=nc-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -e .git ]; then
    files=$(git ls-files)
    git diff --quiet HEAD || echo "note: with changes that are in no commit"
    time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
else
    files=$(sed 's/^[0-9a-f]*  //' SHA256SUMS | grep -v '^build/')
    time=${SOURCE_DATE_EPOCH:-$(stat -c %Y CHANGELOG.md)}
fi
mkdir -p "$work/$name/build/kernels"
echo "$files" | tar -cf - -T - | tar -xf - -C "$work/$name"
cp "$build"/kernels/*.spv "$work/$name/build/kernels"
if [ -f "$build/kernels/probe.ptx" ]; then
    cp "$build"/kernels/*.ptx "$work/$name/build/kernels"
else
    echo "note: without PTX, which needs nvcc (make nvcc)"
fi
(cd "$work/$name" && find . -type f | sed 's|^\./||' | grep -vx SHA256SUMS | LC_ALL=C sort |
    tr '\n' '\0' | xargs -0 sha256sum) >"$work/sums"
mv "$work/sums" "$work/$name/SHA256SUMS"
mkdir -p "$build"
LC_ALL=C tar -C "$work" --sort=name --format=ustar --mtime="@$time" --owner=0 --group=0 \
    --numeric-owner --mode=u+rw,go+r-w,a+X -cf - "$name" | gzip -n -9 >"$work/tar.gz"
mv "$work/tar.gz" "$build/$name.tar.gz"
(cd "$build" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$build/$name.tar.gz: $(wc -c <"$build/$name.tar.gz") bytes"
