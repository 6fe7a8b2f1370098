#!/bin/sh
# What all command lines share (examples/cli.h): common options, exit codes, output that is lost,
# numbers that are read whole, files that are checked before long work.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
programs="gl_hash gl_ntt gl_merkle gl_fixed fp4_atoms fp4_compile fp4_aes fp4_sha256 fp4_quantize
    fp4_perplexity fp4_convert tir_opt tir_train tir_self tasm_run lut_convert axx_vit_digits axx_cifar axx_eval
    hlx_train hlx_verify hlx_export hlx_quantize gpu_devices chain"
for e in $programs; do
    expect 0 "$b/$e" -h; contains "usage: $e"
    expect 0 "$b/$e" --version; contains "$e $(sed -n 's/^   version \([0-9.]*\).*/\1/p' nc_goldilocks.h)"
    expect 2 "$b/$e" --threads 1x; says "$e: --threads: '1x' is no whole number from 1 to"
    expect 2 "$b/$e" --threads
    expect 2 "$b/$e" --no-such-option; says "$e: "
    if [ -w /dev/full ]; then
        expect 1 sh -c "$b/$e --help >/dev/full"; says "$e: cannot write standard output: No space left"
    fi
done

# quiet: nothing but the exit code; names that look like options; an option twice
expect 0 $b/gl_hash --quiet LICENSE
[ -s "$work/out" ] && { echo "FAILED: --quiet prints"; failures=$((failures + 1)); }
cp LICENSE "$work/-name"
hash=$PWD/$b/gl_hash
expect 0 sh -c "cd '$work' && '$hash' -- -name"; contains "./-name"
expect 0 $b/gl_merkle --chunk 64 --chunk 4096 LICENSE; says "gl_merkle: --chunk stands twice: the last counts"
expect 2 $b/gl_ntt 8x; says "'8x' is no whole number from 4 to 24"
expect 1 $b/gl_hash no_such_file; says "'no_such_file': No such file or directory"
expect 1 $b/gl_fixed --svg /dev/full; says "No space left on device"

# --json: one document, and nothing else; names as they are, what is no UTF-8 marked.
expect 0 $b/gpu_devices --json; json; contains '"devices": ['
expect 0 $b/fp4_convert tests/data/fp4/bnb_nf4.npy --json; json; contains '"bytes": 1200'
expect 0 $b/fp4_convert tests/data/fp4/bnb_nf4.npy --to f16 -o "$work/f16.safetensors" --json; json; contains '"to": "F16"'
head='{"a\"b\\\u0001\u00e9":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   '
{ printf "\\$(printf %03o ${#head})\\0\\0\\0\\0\\0\\0\\0"; printf %s "$head"; printf '\0\0\0\0'; } >"$work/names.safetensors"
expect 0 $b/fp4_convert "$work/names.safetensors" --json; json; contains 'a\"b\\\u0001'
mkdir "$work/modules"
cp examples/data/sample.tir "$work/modules/"
expect 0 $b/tir_train "$work/modules" --blocks 0 --epochs 1 --generations 0 --json -o "$work/w"; json; contains '"network": "trained"'
expect 0 $b/hlx_train --data examples/data/genesis.txt --preset demo --steps 2 --eval-windows 1 --out "$work/run" --json; json
contains '"step": 2, "parameters": 136960'
expect 0 $b/hlx_train --resume --sample 3 --out "$work/run" --json; json; contains '"step": 2'

# Numbers are whole numbers, and in their range.
whole="is no whole number from"
expect 2 $b/gl_merkle --chunk 1k LICENSE; says "--chunk: '1k' $whole 1 to"
expect 2 $b/fp4_compile --template adder --bits 8x; says "--bits: '8x' $whole"
expect 2 $b/fp4_compile --template adder --bits 8 --verify --steps 1e9; says "--steps: '1e9' $whole"
expect 2 $b/fp4_compile --template adder --bits 8 --seconds nan; says "--seconds: 'nan' is no number"
expect 2 $b/fp4_perplexity --steps 0; says "--steps: '0' $whole 1 to"
expect 2 $b/tir_opt examples/data/sample.tir --beam 8x; says "--beam: '8x' $whole"
expect 2 $b/tir_opt examples/data/sample.tir --effort 99999999999999999999; says "--effort: '99999999999999999999' $whole"
expect 2 $b/tir_train examples/data -o "$work/w" --epochs 1x; says "--epochs: '1x' $whole"
expect 2 $b/axx_vit_digits --epochs 1x; says "--epochs: '1x' $whole"
expect 2 $b/fp4_convert tests/data/fp4/bnb_nf4.npy --block 33; says "a power of two from 32 to 4096"
for block in 16 8192 32x -18446744073709551584; do
    expect 2 $b/fp4_convert tests/data/fp4/bnb_nf4.npy --block $block; says "--block: '$block' $whole 32 to 4096"
done
expect 2 $b/fp4_convert tests/data/fp4/bnb_nf4.npy --nested 0; says "--nested: '0' $whole 1 to 65536"
expect 2 $b/hlx_quantize --windows 2.5 a b; says "--windows: '2.5' $whole"

# Where nothing can be written is said before the work, with the system's reason.
no="$work/no/such/file"
while read -r command; do
    expect 1 sh -c "$b/$command"; says "cannot write '$no"; says "No such file or directory"
done <<EOF
gl_fixed --svg $no
fp4_aes --fp4 $no
fp4_sha256 --bristol $no
fp4_compile --template adder --bits 8 -o $no
fp4_convert tests/data/fp4/bnb_nf4.npy -o $no
tir_opt examples/data/sample.tir -o $no
tir_train examples/data -o $no
lut_convert drum:4 -o $no
lut_convert drum:4 --heatmap $no.svg
axx_vit_digits --out $no
hlx_export LICENSE -o $no
EOF
expect 2 $b/tir_train examples/data; says "-o FILE is missing"
expect 2 $b/lut_convert drum:4 --heatmap "$work/map.png"; says "neither in .svg nor in .ppm"
[ -e "$work/map.png" ] && { echo "FAILED: a map of another form than its name's"; failures=$((failures + 1)); }
mkdir "$work/nothing"
expect 1 $b/tir_opt --corpus "$work/nothing"; says "no *.tir"
: >"$work/empty.tir"
expect 1 $b/tir_opt "$work/empty.tir"; says "there is no TIR in it"

# results to a full device are lost, so no success
if [ -w /dev/full ]; then
    while read -r command; do
        expect 1 sh -c "$b/$command >/dev/full"; says "cannot write standard output: No space left"
    done <<EOF
gl_hash LICENSE
gl_merkle LICENSE
gl_ntt 8
gl_fixed --json
fp4_quantize
fp4_compile --template adder --bits 8
fp4_compile --template adder --bits 8 --report
tir_opt examples/data/sample.tir
tir_opt examples/data/sample.tir --lower-only
lut_convert drum:4 --json
gpu_devices
EOF
fi
finish
