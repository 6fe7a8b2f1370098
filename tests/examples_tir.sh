#!/bin/sh
# The examples of nc_tirneural.h, the Rust one too, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage tir_opt tir_train tir_self tasm_run

expect 0 $b/tir_opt examples/data/sample.tir --lower-only
cmp -s "$work/out" tests/corpus/tir_tasm/sample.tasm || { echo "FAILED: sample.tasm differs"; failures=$((failures + 1)); }
expect 0 $b/tir_opt examples/data/sample.tir -o "$work/o.tasm" --report json; json
expect 0 $b/tir_opt examples/data/sample.tir -o "$work/o.tasm"; contains "each proven equivalent"
expect 1 $b/tir_opt examples/data/sample.tir -o "$work/no/such/folder"
printf 'entry main\nfn_start main\npush 7\nhint 1\nhint 1\npop 1\npop 1\nwrite_io 1\nreturn\nfn_end\n' >"$work/raw.tir"
expect 0 $b/tir_opt --raw --lower-only "$work/raw.tir"; contains "divine 2"; contains "pop 2"
printf 'push 1\npush 2\npush 3\npush 4\npush 5\npush 6\nswap 3\npop 1\nswap 2\npop 1\nswap 1\npop 1\nwrite_io 3\nhalt\n' >"$work/chain.tir"
for rules in "--raw:4 2 1" "--raw-exact:6 2 1"; do # the old compiler's own rules change what this writes
    expect 0 $b/tir_opt "${rules%%:*}" --lower-only "$work/chain.tir" -o "$work/chain.tasm"
    expect 0 $b/tasm_run "$work/chain.tasm"; contains "output: ${rules#*:}"
done
expect 0 $b/tir_opt --raw-exact "$work/chain.tir" --target trisha -o "$work/chain.tasm"
expect 0 $b/tasm_run "$work/chain.tasm"; contains "output: 4 2 1"
expect 0 $b/tir_opt examples/data/sample.tir --target triton --lower-only -o "$work/t.tasm"
expect 0 $b/tir_opt "$work/t.tasm" --whole --blocks --profile examples/data/sample.inputs -o "$work/w.tasm"
contains "block at"; contains "real machine"; contains "worst of 3 samples"; contains "traded:"
expect 0 $b/tir_opt "$work/t.tasm" --whole --profile examples/data/sample.inputs --report json -o "$work/w.tasm"; json
contains '"stop"'; contains '"fewest"'; contains '"distance"'
expect 0 $b/tir_opt "$work/t.tasm" --whole --profile examples/data/sample.inputs --aim model --effort 4 -o "$work/w.tasm"
contains "model"; contains "traded:"
expect 0 $b/tir_opt "$work/t.tasm" --whole --profile examples/data/sample.inputs --aim cycles --effort 4 -o "$work/w.tasm"
contains "cycles alone"
expect 2 $b/tir_opt "$work/t.tasm" --aim rows
# the network as a program of its own machine: the library's bits, before and after it made itself shorter
expect 0 $b/tir_self --blocks 2 --effort 0 --prove-nothing-worse --tir "$work/self.tir" --tasm "$work/self.tasm" --ram "$work/self.ram"
contains "nothing changes any more after 2 rounds"; contains "the same bits"; contains "0 functions longer"
expect 0 $b/tir_self --blocks 1 --effort 192 --rounds 2 --json; json
contains '"settled": false, "ratio": 0.73' # calls and loops traded for cycles: 0.75 of the classical lowering or less
expect 0 $b/tir_opt "$work/self.tir" --target triton --weights examples/data/tir_weights.bin --whole -o "$work/again.tasm"
expect 0 cmp "$work/again.tasm" "$work/self.tasm"
expect 0 $b/tasm_run "$work/self.tasm" --ram "$work/self.ram"; contains "outcome: halted"
expect 0 $b/tir_self --blocks 1 --unchanged --machine "$work/machine" --tasm "$work/classical.tasm"
expect 0 cmp "$work/machine/classical.tasm" "$work/classical.tasm"
expect 0 cmp "$work/machine/optimised.tasm" "$work/classical.tasm"
expect 0 cmp "$work/machine/smallest.layers1.ram" "$work/self.ram"
expect 0 grep -qx "202 2" "$work/machine/smallest.layers2.ram"
expect 1 $b/tir_self --blocks 1 --unchanged --machine LICENSE; says "Not a directory"
expect 1 $b/tir_self --blocks 1 --unchanged --machine no_such/folder; says "No such file"
expect 1 $b/tir_self --weights LICENSE; says "not a weights file"
expect 2 $b/tir_self --blocks 0
expect 1 $b/tir_self LICENSE
for input in 30,95,65 95,30,65 300,7,100; do
    a=${input%%,*} rest=${input#*,}
    expect 0 $b/tasm_run "$work/w.tasm" --input "$a,${rest%%,*}"; contains "output: ${rest#*,}"
done
expect 0 $b/tir_opt examples/data/sample.tir --weights examples/data/tir_weights.bin -o "$work/o.tasm"
contains "each proven equivalent"
expect 1 $b/tir_opt examples/data/sample.tir --weights LICENSE -o "$work/o.tasm"; says "not a weights file"
expect 0 $b/tir_opt examples/data/sample.tir --train 2 --weights "$work/own.bin" -o "$work/o.tasm"
for run in 1 2; do # the same weights, whatever runs beside
    expect 0 $b/tir_train examples/data --blocks 60 --epochs 2 --beam 16 --generations 3 --no-ablation -o "$work/w$run.bin"
    contains "90816 parameters"
done
cmp -s "$work/w1.bin" "$work/w2.bin" || { echo "FAILED: tir_train gives two results"; failures=$((failures + 1)); }
expect 0 $b/tir_train examples/data --weights "$work/w1.bin" --generations 1 --state "$work/state" -o "$work/w3.bin"; contains "no network"
expect 1 $b/tir_train no_such_folder -o "$work/w3.bin"; says "No such file"
expect 2 $b/tir_train
expect 2 $b/tir_train examples/data; says "-o FILE is missing"
expect 1 $b/tir_train examples/data -o "$work/no/such/w.bin"; says "No such file"
expect 2 $b/tir_train examples/data -o "$work/w3.bin" --beam 8x; says "'8x' is no whole number"
printf 'public 1 -3\n\npublic -4 +2\n' >"$work/signed.inputs"
printf 'read_io 2 add push -2 eq assert halt' >"$work/signed.tasm"
expect 0 $b/tir_opt "$work/signed.tasm" --profile "$work/signed.inputs" -o "$work/p.tasm"
contains "worst of 2 samples"
printf 'public 1 2\nsecret 3 x\n' >"$work/bad.inputs"
expect 1 $b/tir_opt examples/data/sample.tir --profile "$work/bad.inputs" -o "$work/o.tasm"
expect 1 $b/tir_opt examples/data/sample.tir --profile no_such_file -o "$work/o.tasm"
expect 0 $b/tir_opt --corpus examples/data; contains "sample"; contains "every replacement proven"
expect 1 $b/tir_opt --corpus no_such_folder; says "No such file"
mkdir "$work/nothing"; expect 1 $b/tir_opt --corpus "$work/nothing"; says "no *.tir"
mkdir "$work/whole"
cp examples/data/sample.tir "$work/whole/one.tir"
cp "$work/t.tasm" "$work/whole/two.linked.tasm"; cp examples/data/sample.inputs "$work/whole/two.inputs"
printf 'read_io 2 call __distance write_io 1 halt\n' >"$work/whole/one.main.tasm"
cp examples/data/sample.inputs "$work/whole/one.inputs"
expect 0 $b/tir_opt --corpus "$work/whole"; contains "given > fewest > traded"
if command -v rustc >/dev/null; then
    sh examples/trident_ffi/build.sh build/ffi >"$work/out" 2>&1 || { cat "$work/out"; failures=$((failures + 1)); }
    expect 0 build/ffi/trident_ffi_test; contains "7 passed"
    expect 0 build/ffi/trident_ffi examples/data/sample.tir; contains '"instructions_after"'
    expect 1 build/ffi/trident_ffi LICENSE
    for f in "${NC_TEST_DATA:-../shared/data}"/tir/std_*.tir; do
        case $f in *.raw.tir | *\**) continue ;; esac
        expect 0 build/ffi/trident_ffi "$f"
    done
    if command -v cargo >/dev/null; then # a crate with a build script of its own, and stb_ds.h beside the headers
        crate=$work/crate stb=$(for d in /usr/include/stb /usr/include; do ls $d/stb_ds.h 2>/dev/null; done | head -n 1)
        mkdir -p "$crate/src" "$crate/vendor"
        cp nc_tirneural.h nc_goldilocks.h examples/trident_ffi/nc_tir.c examples/trident_ffi/nc_tir_build.rs "$crate/vendor"
        [ -z "$stb" ] || cp "$stb" "$crate/vendor"
        cp examples/trident_ffi/src/lib.rs "$crate/src/nc.rs"
        printf '[package]\nname = "own"\nversion = "0.1.0"\nedition = "2021"\n' >"$crate/Cargo.toml"
        printf '#[path = "vendor/nc_tir_build.rs"]\nmod nc_tir_build;\nfn main() {\n%s\n%s\n}\n' \
            '    println!("cargo:rustc-env=OWN=own script");' '    nc_tir_build::compile("vendor");' >"$crate/build.rs"
        printf '#![allow(dead_code)]\nmod nc;\nfn main() {\n%s\n%s\n}\n' \
            '    let (tasm, _) = nc::optimize_text("push 1\npush 2\nadd\n", &nc::Options::default()).unwrap();' \
            '    println!("{} {tasm}", env!("OWN"));' >"$crate/src/main.rs"
        expect 0 cargo run --quiet --offline --manifest-path "$crate/Cargo.toml"; contains "own script     push 3"
    fi
else
    echo "trident_ffi: skipped, no rustc"
fi
expect 1 $b/tir_opt LICENSE
head -c 100 examples/data/sample.tir >"$work/cut.tir"; expect 1 $b/tir_opt "$work/cut.tir"; says "fn_start without fn_end"
head -n 1 examples/data/sample.tir >"$work/cut.tir"; expect 1 $b/tir_opt "$work/cut.tir"; says "is the file cut off?"
: >"$work/cut.tir"; expect 1 $b/tir_opt "$work/cut.tir"; says "there is no TIR in it"
expect 2 $b/tir_opt examples/data/sample.tir --beam 8x; says "'8x' is no whole number from 1 to"
expect 1 $b/tir_opt no_such_file
for input in 30,95,65 95,30,65 5,5,0 300,7,100; do
    a=${input%%,*} rest=${input#*,}
    expect 0 $b/tasm_run "$work/o.tasm" --input "$a,${rest%%,*}"; contains "output: ${rest#*,}"
done
expect 0 $b/tasm_run "$work/o.tasm" --input 1,2 --json; json
expect 1 $b/tasm_run "$work/o.tasm" --input 1; contains "outcome: input exhausted"
expect 2 $b/tasm_run "$work/o.tasm" --input 1,x
expect 1 $b/tasm_run LICENSE; says "LICENSE:1:"
expect 2 $b/tasm_run "$work/o.tasm" --input 1,x; says "'x' is no number"
expect 2 $b/tasm_run "$work/o.tasm" --input 18446744069414584321; says "is no number"
expect 2 $b/tasm_run "$work/o.tasm" --secret 1,; says "comma"
expect 2 $b/tasm_run "$work/o.tasm" --digests 1,2,3,4; says "4 elements make no digests"
expect 1 $b/tasm_run no_such_file; says "no_such_file"
printf '1 2\n-3 4 5\n' >"$work/ram"
expect 2 $b/tasm_run "$work/o.tasm" --ram "$work/ram"; says "line 2: more than"
printf -- '-1 -2\n\n7 8\n' >"$work/ram"
printf 'push -1 read_mem 1 pop 1 write_io 1 read_io 2 divine 1 write_io 3 halt\n' >"$work/n.tasm"
expect 0 $b/tasm_run "$work/n.tasm" --ram "$work/ram" --input -3,+4 --secret -5
contains "output: 18446744069414584319 18446744069414584316 4 18446744069414584318"
printf 'push 3 push 0 push 0 push 0 push 0 push 0 merkle_step write_io 5 halt\n' >"$work/m.tasm"
expect 0 $b/tasm_run "$work/m.tasm" --digests 1,2,3,4,5
contains "output: 4408327636961664588 "
expect 1 $b/tasm_run "$work/m.tasm"; says "input exhausted"
printf 'push 0 assert error_id -7' >"$work/e.tasm"
expect 1 $b/tasm_run "$work/e.tasm"; contains "assertion failed, error_id -7"
says "after 1 cycles: assertion failed, error_id -7"
expect 1 $b/tasm_run "$work/e.tasm" --json; json
printf 'x_horner_step halt' >"$work/h.tasm"
expect 1 $b/tasm_run "$work/h.tasm"; says ":1:1: no release"
expect 0 $b/tasm_run "$work/h.tasm" --main
expect 0 $b/tir_opt examples/data/sample.tir --target triton_main --lower-only -o "$work/t.tasm"
expect 2 $b/tir_opt examples/data/sample.tir --target vliw
printf 'hint a = stack[0] push 3 push -1 hint b = stack[0] mul add return' >"$work/hint.tasm"
expect 0 $b/tir_opt "$work/hint.tasm"; says "2 hints and breaks, of which 1 are dropped"
finish
