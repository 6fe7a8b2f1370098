#!/bin/sh
# The examples of nc_axx.h, as users run them: results, --json, bad usage, bad input.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
usage lut_convert axx_vit_digits axx_eval axx_cifar

# Multipliers: from every form to every other and back, the same metrics.
expect 0 $b/lut_convert mul8s_1L2H --json; json; contains '"MAE": 53.333984'
cp "$work/out" "$work/metrics"
last=mul8s_1L2H
for ending in i16 i32 npy h csv i16 h; do
    expect 0 $b/lut_convert "$last" -o "$work/mul8s_1L2H.$ending"
    last=$work/mul8s_1L2H.$ending
    expect 0 $b/lut_convert "$last" --json
    sed '1s/{.*/{/' "$work/out" | tr -d '\n' | sed 's/{ /{/; $s/$/\n/' | cmp -s - "$work/metrics" || { echo "FAILED: $ending changes a table"; failures=$((failures + 1)); }
done
expect 0 $b/lut_convert --families; contains "error_tolerant_7"; contains "mul8s_1KR3"
expect 0 $b/lut_convert --families --json; json
expect 0 $b/lut_convert mitchell --heatmap "$work/map.ppm" --heatmap "$work/map.svg" --metrics
contains mitchell
expect 0 $b/lut_convert mitchell --heatmap "$work/map.ppm"
expect 2 $b/lut_convert mitchell --heatmap "$work/map.png"; says "neither in .svg nor in .ppm"
expect 1 $b/lut_convert mitchell --heatmap "$work/no/such/map.svg"; says "No such file"
[ "$(wc -c <"$work/map.ppm")" = 196623 ] && grep -q '</svg>' "$work/map.svg" ||
    { echo "FAILED: no maps"; failures=$((failures + 1)); }
expect 0 $b/lut_convert drum:4 -o "$work/a&b<c.i32"
expect 0 $b/lut_convert "$work/a&b<c.i32" --heatmap "$work/map.svg"
grep -q '>a&amp;b&lt;c: error' "$work/map.svg" && grep -q '>+4000</text>' "$work/map.svg" ||
    { echo "FAILED: a map's title or scale"; failures=$((failures + 1)); }
printf 'int f(int8_t A, int8_t B) {\n  return A * ;\n}\n' >"$work/bad.c"
expect 1 $b/lut_convert "$work/bad.c"; grep -q 'bad.c:2:14' "$work/err" ||
    { echo "FAILED: no position"; failures=$((failures + 1)); }
# Other widths are refused but with --wide, where all products count, or --embed.
printf 'uint32_t mul12u_x(uint16_t A, uint16_t B) {\n  return (A & 0xFFE) * B;\n}\n' >"$work/mul12u_x.c"
expect 1 $b/lut_convert "$work/mul12u_x.c"; grep -q '12 by 12 bits' "$work/err" ||
    { echo "FAILED: no width"; failures=$((failures + 1)); }
expect 0 $b/lut_convert "$work/mul12u_x.c" --wide --json; json; contains '"MAE": 1023.750000'
expect 0 $b/lut_convert "$work/mul12u_x.c" --embed --json; json; contains '"MAE": 63.750000'
printf 'int f(int a, int b) {\n  return (a & ~1) * b;\n}\n' >"$work/f.c"
expect 0 $b/lut_convert "$work/f.c" --wide --bits 4x3 --signed -o "$work/f.npy"
expect 0 $b/lut_convert "$work/f.npy" --wide --json; json; contains '"read_as": "4 x 3 bits by type'
contains '"MAE": 1.000000'
expect 2 $b/lut_convert "$work/f.npy" --wide --embed
expect 2 $b/lut_convert "$work/f.npy" --bits 4y
expect 1 $b/lut_convert wallace
expect 1 $b/lut_convert drum:4 -o "$work/x.blif"
expect 2 $b/lut_convert
expect 2 $b/lut_convert a b

# The whole way of a vision transformer: 96 % in float32, exact bytes within a point, and within a
# point of them after retraining; the float32 row is retrained likewise.
bad() { echo "FAILED: $*"; failures=$((failures + 1)); }
value() { # row, key, [retrained]: of the last output of axx_eval --json
    awk -v row="\"$1\"" -v key="\"$2\": " -v part="$3" 'index($0, row) {
        at = index($0, "\"retrained\""); text = part ? substr($0, at) : at ? substr($0, 1, at) : $0
        if ((part && !at) || !index(text, key)) exit
        sub(".*" key, "", text); sub("[,}].*", "", text); print text }' "$work/out"
}
least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a >= b - 1e-9) }' || bad "$3: $1 < $2"; }
digits=$work/digits
images="--train $digits.train.csv --validation $digits.validation.csv --largest 16"
expect 0 $b/axx_vit_digits --json --out "$digits"; json
expect 0 $b/axx_eval "$digits.safetensors" "$digits.test.csv" $images --retrain 1 --search 16 --json \
    --csv "$work/eval.csv" --svg "$work/eval.svg" --save-config "$work/found" mul8s_1L2H mul8s_1L2D truncated:6
json
float=$(value float32 top1)
least "$float" 0.96 "float32"
least "$(value float32 top1 retrained)" 0.96 "float32 retrained"
least "$(value 'int8 exact' top1)" "$(awk "BEGIN { print $float - 0.01 }")" "exact bytes"
least "$(value mul8s_1L2H top1 retrained)" "$(awk "BEGIN { print $(value 'int8 exact' top1) - 0.01 }")" "retrained"
found=$(value searched right)
grep -q '</svg>' "$work/eval.svg" || bad "no plot"
[ "$(grep -c '^"' "$work/eval.csv")" = 12 ] || bad "six rows before and after"

# What was found as a config file, beside a mixed assignment by patterns; a table, and options of a file.
{
    printf 'train = %s\nlargest = 16 # of 17 greys\nmultipliers = mul8s_1L2H\n' "$digits.train.csv"
    cat "$work/found"
    printf '[mixed]\n* = mul8s_1L2D\nblocks.?.qk = exact\nblocks.*.pv = exact\nblocks.0.mlp.fc1 = mul8s_1L2D per_tensor 8 99.9%%\n[all float]\n* = float\n[two bits]\n* = exact 2\n'
} >"$work/config"
expect 0 $b/axx_eval "$digits.safetensors" "$digits.test.csv" --config "$work/config" --layers
contains "blocks.2.fc1"; contains "mixed"
grep 'blocks.0.fc1 .* integer  *8  tensor, percentile  *mul8s_1L2D' "$work/out" >/dev/null || bad "no layer by its weights' name"
expect 0 $b/axx_eval "$digits.safetensors" "$digits.test.csv" --config "$work/config" --json; json
[ "$(value searched right)" = "$found" ] || bad "the assignment that was saved is another: $found"
least "$(value mixed power)" 0.48 "power of the mixed assignment"
[ "$(value 'all float' loss)" = "$(value float32 loss)" ] || bad "layers in float32 are not those of float32"
least 0.6 "$(value 'two bits' top1)" "two bits"
bad_config() { # text, what is said of it
    printf '%b\n' "$1" >"$work/bad"
    expect 1 $b/axx_eval "$digits.safetensors" "$digits.test.csv" --largest 16 --config "$work/bad"; says "$2"
}
bad_config 'largest = 16\nnothing = 1' "bad:2: no option 'nothing'"
bad_config 'limit = many' "bad:1: 'many' is no value of limit"
bad_config '[a]\n\nblocks.7.* = exact' "bad:3: 'blocks.7.*' fits none of"
bad_config '[a]\n* = wallace' "bad:2: no such multiplier"
bad_config '[a]\n* = exact 9' "bad:2: '9' is none of: bits from 2 to 8"
bad_config '[a]\n* = float 101%' "bad:2: '101%' is none of"
bad_config '[a' "bad:1: expected [NAME]"
bad_config 'multipliers' "bad:1: expected NAME = VALUE"

# The same images as a folder with a folder a class give the same; others are refused by name.
mkdir "$work/folder"
awk -F, '!($1 in seen) { seen[$1] = 1; print }' "$digits.test.csv" >"$work/ten.csv"
while IFS=, read -r label pixels; do
    mkdir "$work/folder/$label"
    { printf 'P5\n8 8\n255\n'
      for v in $(echo "$pixels" | tr , ' '); do printf "\\$(printf %03o "$v")"; done; } >"$work/folder/$label/a.pgm"
done <"$work/ten.csv"
expect 0 $b/axx_eval "$digits.safetensors" "$work/ten.csv" $images --json
right=$(value float32 right) loss=$(value float32 loss)
expect 0 $b/axx_eval "$digits.safetensors" "$work/folder" $images --json
[ "$(value float32 right) $(value float32 loss)" = "$right $loss" ] || bad "a folder gives $(value float32 right), not $right"
expect 1 $b/axx_eval "$digits.safetensors" "$digits.test.csv" --train "$digits.train.csv" --largest 15; says "digits.test.csv:"
cp LICENSE "$work/folder/3/b.tif"
expect 1 $b/axx_eval "$digits.safetensors" "$work/folder" $images; says "'b.tif' is no image"
mv "$work/folder/3/b.tif" "$work/folder/3/b.png"
expect 1 $b/axx_eval "$digits.safetensors" "$work/folder" $images; says "b.png"
mv "$work/folder/3/b.png" "$work/folder/README"
expect 1 $b/axx_eval "$digits.safetensors" "$work/folder" $images; says "'README' is neither"

# CIFAR's files by their names: the batches to train and the one to test.
mkdir "$work/cifar"
for k in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    { printf '\003'; head -c 3072 nc_axx.h; printf '\001'; tail -c 3072 nc_axx.h; } >"$work/cifar/$k.bin"
done
expect 0 $b/axx_eval "$digits.safetensors" "$work/cifar" --json; json; contains '"test": 2, "train": 10'
printf 'x' >>"$work/cifar/data_batch_3.bin"
expect 1 $b/axx_eval "$digits.safetensors" "$work/cifar"; says "data_batch_3.bin"
expect 1 $b/axx_eval LICENSE "$digits.test.csv"

# A network from ONNX, two channels of 6 x 6, with a search over its nodes.
awk 'BEGIN { for (r = 0; r < 40; r++) { printf "%d", r % 3
    for (i = 0; i < 72; i++) printf ",%d", (r % 3 * 80 + r * 7 + i * i * 7 + i * r) % 256; print "" } }' >"$work/three.csv"
net=tests/corpus/axx_graph/inverted.onnx
printf '[mixed]\n* = mul8s_1L2D\nd*wise = float\n' >"$work/config"
set -- $net "$work/three.csv" --train "$work/three.csv" --config "$work/config" --json mul8s_1L2H mul8s_1KR3
expect 0 $b/axx_eval "$@" --search 9 --drop 0.1 --retrain 40 --lr 0.01 --batch 8; json; contains '"parameters": 508, "macs": 5100, "test": 40'
least 0.68 "$(value mixed power)" "power with a float node"; least "$(value mixed power)" 0.67 "power with a float node"
for row in float32 'int8 exact' mul8s_1L2H mixed; do
    least 0.4 "$(value "$row" top1)" "$row"; least "$(value "$row" top1 retrained)" 0.55 "$row retrained"
done

# A search that goes on from its file ends as one that was never stopped, and tries less itself.
expect 0 $b/axx_eval "$@" --search 9 --drop 0.1 --state "$work/state"; contains '"resumed": 0'
cp "$work/state" "$work/whole"; searched=$(grep searched "$work/out" | sed 's/, "ms.*//')
rm "$work/state"
expect 0 $b/axx_eval "$@" --search 4 --drop 0.1 --state "$work/state"
expect 0 $b/axx_eval "$@" --search 9 --drop 0.1 --state "$work/state"; contains '"resumed": 8'
cut -d, -f1-9 "$work/state" | sort | grep -v '^#' >"$work/a"; cut -d, -f1-9 "$work/whole" | sort | grep -v '^#' >"$work/b"
cmp -s "$work/a" "$work/b" || bad "other assignments after resuming"
[ "$(grep searched "$work/out" | sed 's/, "ms.*//')" = "$searched" ] || bad "another result after resuming"
expect 1 $b/axx_eval $net "$work/three.csv" --train "$work/three.csv" --calibrate max --state "$work/state" --config "$work/config" \
    --search 9 --drop 0.1 mul8s_1L2H mul8s_1KR3; says "images or options are others"
sed 's/0.3/0.4/' "$work/whole" >"$work/state"
expect 1 $b/axx_eval "$@" --search 9 --drop 0.1 --state "$work/state"; says "state: line"

# Swin transformers; the side of their images is told where the windows do not.
swin=tests/data/axx/vit/swin
awk -F, '{ printf "%s", $1; for (i = 0; i < 512; i++) printf ",%d", $(2 + i % 72); print "" }' "$work/three.csv" >"$work/swin.csv"
expect 0 $b/axx_eval ${swin}_window.safetensors "$work/swin.csv" --train "$work/swin.csv" --retrain 20 --lr 0.005 --batch 8 --json mul8s_1L2H; json
for row in float32 'int8 exact' mul8s_1L2H; do
    least 0.1 "$(value "$row" top1)" "$row"; least "$(value "$row" top1 retrained)" 0.4 "Swin, $row retrained"
done
expect 0 $b/axx_eval ${swin}_shifted.safetensors "$work/swin.csv" --image 24 --limit 5 --json truncated:4; json
contains '"parameters": 5873'
expect 1 $b/axx_eval ${swin}_shifted.safetensors "$work/swin.csv" --image 25; says "image 25"
expect 1 $b/axx_eval $net "$digits.test.csv"; says "10 classes, but the model has 3"
expect 1 $b/axx_eval tests/corpus/axx_graph/no_lstm.onnx "$work/three.csv"; says "no_lstm.onnx: "
expect 1 $b/axx_eval "$digits.safetensors" "$digits.test.csv" wallace
expect 1 $b/axx_eval "$digits.safetensors" LICENSE
expect 1 $b/axx_eval "$digits.safetensors" "$work/nothing"
expect 2 $b/axx_eval "$digits.safetensors"
expect 2 $b/axx_eval "$digits.safetensors" "$digits.test.csv" --limit
for bad in "--mean 1,x" "--mean nan" "--mean 0,inf" "--std 0" "--std 1,-1" "--lr inf" "--drop nan" "--limit -1"; do
    expect 2 $b/axx_eval "$digits.safetensors" "$digits.test.csv" $bad
done
expect 0 $b/axx_vit_digits --load "$digits.safetensors" --out "$work/again"; contains "float32"
expect 1 $b/axx_vit_digits --load LICENSE
expect 1 $b/axx_vit_digits --data LICENSE; says "LICENSE:3:1"
expect 2 $b/axx_vit_digits --epochs; expect 2 $b/axx_vit_digits --epochs 1x; says "'1x' is no whole number"
expect 1 $b/axx_vit_digits --out "$work/no/such/digits"; says "No such file"
head -n 20 examples/data/digits.csv >"$work/few.csv"
expect 1 $b/axx_vit_digits --data "$work/few.csv" --out "$work/few"; says "has not 30 to 65536 rows"
head -n 100 examples/data/digits.csv >"$work/few.csv"
expect 0 $b/axx_vit_digits --data "$work/few.csv" --epochs 1 --out "$work/few"; contains "20 images to test"

# A convolutional network: gratings are learned, bytes keep that, a coarse multiplier loses it, and
# retraining gains; every row twice. Digits by file, CIFAR's by folder.
expect 0 $b/axx_cifar --depth 8 --noise 1 --images 120 --test 40 --epochs 3 --json mul8s_1L2D; json
[ "$(grep -c '"row": ' "$work/out")" = 6 ] || bad "three rows before and after"
float=$(value float32 top1)
least "$float" 0.7 "gratings"; least "$(value 'float32, retrained' top1)" 0.8 "gratings, retrained"
least "$(value 'int8 exact' top1)" "$(awk "BEGIN { print $float - 0.05 }")" "gratings in bytes"
least "$(awk "BEGIN { print $float + 0.05 }")" "$(value 'int8 exact' top1)" "bytes of the weights before retraining"
least "$(value 'int8 exact, retrained' top1)" 0.8 "gratings in bytes, retrained"
least "$(awk "BEGIN { print $float - 0.2 }")" "$(value mul8s_1L2D top1)" "gratings on a coarse multiplier"
least "$(awk "BEGIN { print $(value mul8s_1L2D loss) - 0.2 }")" "$(value 'mul8s_1L2D, retrained' loss)" "retrained loss"
[ "$(value 'mul8s_1L2D, retrained' power)" = 0.4706 ] || bad "power of mul8s_1L2D"
expect 0 $b/axx_cifar --depth 8 --data "$digits.train.csv" --largest 16 --images 120 --test 40 --epochs 3 --retrain 0 --json truncated:2; json
[ "$(grep -c '"row": ' "$work/out")" = 3 ] || bad "rows without retraining"
least "$(value float32 top1)" 0.4 "digits"; [ "$(value truncated_2 power)" = null ] || bad "a power that nobody knows"
for k in data_batch_1 test_batch; do
    { printf '\003'; head -c 3072 nc_axx.h; printf '\001'; tail -c 3072 nc_axx.h; } >"$work/cifar/$k.bin"
done
expect 0 $b/axx_cifar --depth 8 --data "$work/cifar" --images 2 --epochs 25 --batch 2 --retrain 0 --json mul8s_1KV8; json
[ "$(value float32 top1) $(value 'int8 exact' top1)" = "1.0000 1.0000" ] || bad "two images by heart"
expect 1 $b/axx_cifar --depth 8 --data "$work/cifar"; says "data_batch_3.bin"
expect 1 $b/axx_cifar --data "$work/three.csv"; says "three.csv:1:1: "
expect 1 $b/axx_cifar --data "$work/nothing"; says "nothing"
expect 0 $b/axx_cifar --onnx tests/corpus/axx_graph/cifar.onnx --images 40 --test 20 --epochs 1 --json mul8s_1L2D; json
contains '"mul8s_1L2D, retrained"'
expect 0 $b/axx_cifar --onnx tests/corpus/axx_graph/cifar.onnx --data "$digits.train.csv" --largest 16 --images 40 --test 20 --epochs 1
expect 1 $b/axx_cifar --onnx LICENSE; says "LICENSE"
expect 1 $b/axx_cifar --onnx "$work/nothing.onnx" --data "$work/cifar"; says "nothing.onnx"
expect 1 $b/axx_cifar --onnx tests/corpus/axx_graph/residual.onnx; says "is not from 3 x 32 x 32 to 10 classes"
expect 2 $b/axx_cifar --depth 9
expect 2 $b/axx_cifar --net alexnet
expect 2 $b/axx_cifar --noise -1
expect 2 $b/axx_cifar --lr inf
finish
