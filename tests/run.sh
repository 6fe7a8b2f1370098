#!/bin/sh
# Everything `make test` runs, one line a step; the log of a failed step is shown. The last line
# counts the steps. With `all` (make test-all): every build and standard, other processors, longer
# fuzzing too.
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc 2>/dev/null || echo 2)
extent=$1
fuzz_seconds=5
[ "$extent" = all ] && fuzz_seconds=20
passed=0
failed=0
begun=$(date +%s)
mkdir -p build/log
export OMP_WAIT_POLICY=passive # programs run side by side

step() { # name, command...
    name=$1
    shift
    start=$(date +%s)
    if "$@" >"build/log/$name.log" 2>&1; then
        passed=$((passed + 1))
        verdict=ok
    else
        failed=$((failed + 1))
        verdict=FAILED
    fi
    printf '%-12s %-7s %4d s   %s\n' "$name" $verdict $(($(date +%s) - start)) \
        "$(grep -hc '\[       OK \]' "build/log/$name.log" | sed 's/^0$//; s/$/ tests/; s/^ tests$//')"
    grep -h 'skipped' "build/log/$name.log" | sort | uniq -c | sed 's/^ */             /'
    [ $verdict = ok ] || tail -n 60 "build/log/$name.log"
}

# Lint is one long computation a header: it takes the cores that other steps leave idle.
nice -n 19 make --no-print-directory lint >build/log/idle.log 2>&1 &
idle=$!
lint_is_done() {
    wait $idle
    code=$?
    cat build/log/idle.log
    return $code
}

make --no-print-directory -s -j"$jobs" kernels build/shim/libcuda_on_cpu.so \
    build/shim/libvulkan_between.so || exit 1
step unit make --no-print-directory -j"$jobs" unit
# The Vulkan driver and its layers leak: their road runs without the leak check, and every other
# test with it.
sanitized() {
    make --no-print-directory -j"$jobs" "$@" B=build/san OPENMP= \
        CFLAGS="-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all"
}
leaks_checked() { NC_TEST_NO_VULKAN=1 ASAN_OPTIONS=detect_leaks=1 sanitized unit; }
vulkan_road() { ASAN_OPTIONS=detect_leaks=0 sanitized unit-gpu; }
step sanitizers leaks_checked
step vulkan vulkan_road
step kernels make --no-print-directory test-kernels
step headers sh tests/headers.sh $extent
step digests sh tests/digests.sh $extent
step examples sh tests/examples.sh
step install sh tests/install.sh
kills=25
[ "$extent" = all ] && kills=100
step kill env KILLS=$kills sh tests/kill.sh
[ "$extent" = all ] && step hosts sh tests/hosts.sh
[ "$extent" = all ] && step chain sh tests/chain.sh
[ "$extent" = all ] && step triton sh tests/triton/run.sh
if [ "$extent" = all ]; then
    for name in unit-uchar unit32 windows tsan integers; do
        step $name make --no-print-directory -j"$jobs" $name
    done
fi
step fuzz make --no-print-directory -j"$jobs" fuzz FUZZ_SECONDS=$fuzz_seconds
step lint lint_is_done
printf '%d passed, %d failed in %d s\n' $passed $failed $(($(date +%s) - begun))
[ $failed = 0 ]
