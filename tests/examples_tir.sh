#!/bin/sh
# The examples of nc_tirneural.h, the Rust one too, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage tir_opt tir_train tasm_run

expect 0 $b/tir_opt examples/data/sample.tir --lower-only
cmp -s "$work/out" tests/corpus/tir_tasm/sample.tasm || { echo "FAILED: sample.tasm differs"; failures=$((failures + 1)); }
expect 0 $b/tir_opt examples/data/sample.tir -o "$work/o.tasm" --report json; json
expect 0 $b/tir_opt examples/data/sample.tir -o "$work/o.tasm"; contains "each proven equivalent"
expect 1 $b/tir_opt examples/data/sample.tir -o "$work/no/such/folder"
printf 'entry main\nfn_start main\npush 7\nhint 1\nhint 1\npop 1\npop 1\nwrite_io 1\nreturn\nfn_end\n' >"$work/raw.tir"
expect 0 $b/tir_opt --raw --lower-only "$work/raw.tir"; contains "divine 2"; contains "pop 2"
expect 0 $b/tir_opt examples/data/sample.tir --target triton --lower-only -o "$work/t.tasm"
expect 0 $b/tir_opt "$work/t.tasm" --whole --blocks --profile examples/data/sample.inputs -o "$work/w.tasm"
contains "block at"; contains "real machine"; contains "worst of 3 samples"
for input in 30,95,65 95,30,65 300,7,100; do
    a=${input%%,*} rest=${input#*,}
    expect 0 $b/tasm_run "$work/w.tasm" --input "$a,${rest%%,*}"; contains "output: ${rest#*,}"
done
expect 0 $b/tir_opt examples/data/sample.tir --weights examples/data/tir_weights.bin -o "$work/o.tasm"
contains "each proven equivalent"
expect 1 $b/tir_opt examples/data/sample.tir --weights LICENSE -o "$work/o.tasm"; grep -q "not a weights file" "$work/err"
expect 0 $b/tir_opt examples/data/sample.tir --train 2 --weights "$work/own.bin" -o "$work/o.tasm"
for run in 1 2; do # the same weights, whatever runs beside
    expect 0 $b/tir_train examples/data --epochs 2 --beam 16 --generations 3 --no-ablation -o "$work/w$run.bin"
    contains "90816 parameters"
done
cmp -s "$work/w1.bin" "$work/w2.bin" || { echo "FAILED: tir_train gives two results"; failures=$((failures + 1)); }
expect 0 $b/tir_train examples/data --weights "$work/w1.bin" --generations 1 --state "$work/state"; contains "no network"
expect 1 $b/tir_train no_such_folder
expect 2 $b/tir_train
printf 'public 1 2\nsecret 3 x\n' >"$work/bad.inputs"
expect 1 $b/tir_opt examples/data/sample.tir --profile "$work/bad.inputs" -o "$work/o.tasm"
expect 1 $b/tir_opt examples/data/sample.tir --profile no_such_file -o "$work/o.tasm"
expect 0 $b/tir_opt --corpus examples/data; contains "sample"; contains "every replacement proven"
expect 1 $b/tir_opt --corpus no_such_folder
if command -v rustc >/dev/null; then
    sh examples/trident_ffi/build.sh build/ffi >"$work/out" 2>&1 || { cat "$work/out"; failures=$((failures + 1)); }
    expect 0 build/ffi/trident_ffi_test; contains "4 passed"
    expect 0 build/ffi/trident_ffi examples/data/sample.tir; contains '"instructions_after"'
    expect 1 build/ffi/trident_ffi LICENSE
    for f in "${NC_TEST_DATA:-../shared/data}"/tir/std_*.tir; do
        case $f in *.raw.tir | *\**) continue ;; esac
        expect 0 build/ffi/trident_ffi "$f"
    done
else
    echo "trident_ffi: skipped, no rustc"
fi
expect 1 $b/tir_opt LICENSE
expect 1 $b/tir_opt no_such_file
for input in 30,95,65 95,30,65 5,5,0 300,7,100; do
    a=${input%%,*} rest=${input#*,}
    expect 0 $b/tasm_run "$work/o.tasm" --input "$a,${rest%%,*}"; contains "output: ${rest#*,}"
done
expect 0 $b/tasm_run "$work/o.tasm" --input 1,2 --json; json
expect 1 $b/tasm_run "$work/o.tasm" --input 1; grep -q . "$work/out"
expect 2 $b/tasm_run "$work/o.tasm" --input 1,x
expect 1 $b/tasm_run LICENSE
finish
