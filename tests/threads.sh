#!/bin/sh
# Races: tests that use threads, compiled with clang's thread sanitizer and run with four of them. A
# table; 1 if one has a race. Archer, a part of LLVM's OpenMP, tells the sanitizer what waits for what;
# of gcc's libgomp it knows nothing and would see races in every loop.
# threads.sh NAME...: these tests alone.
cd "$(dirname "$0")/.." || exit 1
b=build/tsan
names=${*:-threads goldilocks_ntt goldilocks_hash goldilocks_fixed fp4_verify fp4_products fp4_tensor
    tir_model axx_layers axx_graph axx_training hlx_kernels hlx_llama hlx_model hlx_training hlx_inference
    hlx_sampling hlx_simd}
command -v clang >/dev/null || { echo "tsan: skipped, no clang"; exit 0; }
archer=$(ls "$(dirname "$(clang -print-file-name=libomp.so)")"/libarcher.so \
    /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | tail -n 1)
[ -n "$archer" ] || { echo "tsan: skipped, no libarcher.so (Debian: libomp-dev, libomp-tools)"; exit 0; }
export OMP_NUM_THREADS=4 OMP_WAIT_POLICY=passive OMP_TOOL_LIBRARIES="$archer" NC_TEST_NO_VULKAN=1
# libomp itself is not compiled for the sanitizer: what it does inside is left out.
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66
make --no-print-directory -s -j"$(nproc)" B=$b CC=clang CFLAGS="-O1 -g1 -fsanitize=thread" \
    $(printf "$b/test/%s " threads $names) >/dev/null || exit 1
mkdir -p $b/log
# Are races seen, and is what is right let pass?
$b/test/threads race >$b/log/race 2>&1
[ $? = 66 ] && grep -q 'data race' $b/log/race || { echo "tsan: a race in a loop was not seen"; exit 1; }
$b/test/threads right >$b/log/right 2>&1 ||
    { echo "tsan: skipped, a sum of OpenMP's is called a race: archer does not work here"; exit 0; }
failures=0
for name in $names; do
    start=$(date +%s)
    $b/test/$name >"$b/log/$name" 2>&1
    code=$?
    races=$(grep -c 'WARNING: ThreadSanitizer' "$b/log/$name")
    verdict="$races races"
    [ $code = 0 ] || verdict="$verdict, returned $code"
    printf '%-16s %5d s  %s\n' "$name" $(($(date +%s) - start)) "$verdict"
    [ $code = 0 ] && [ "$races" = 0 ] && continue
    failures=$((failures + 1))
    grep -A 14 'WARNING: ThreadSanitizer\|FAILED' "$b/log/$name" | head -n 40
done
echo "$failures tests with races"
[ $failures = 0 ]
