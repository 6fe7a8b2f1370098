#!/bin/sh
# hlx_verify: what it confirms, and that nothing else is confirmed.
cd "$(dirname "$0")/.." || exit 1
. tests/expect.sh
text=examples/data/genesis.txt
never_confirmed() { # the last command: refused, and no word of a confirmation
    n=$((n + 1))
    if grep -q '^confirmed\|"confirmed": true' "$work/out"; then
        echo "FAILED: confirmed:"
        cat "$work/out"
        failures=$((failures + 1))
    fi
}
refused() { # reason, command...: something is false
    reason=$1
    shift
    expect 3 "$@"
    never_confirmed
    says "$reason"
}
unable() { # reason, command...: an error keeps from it
    reason=$1
    shift
    expect 1 "$@"
    never_confirmed
    says "$reason"
}
make --no-print-directory -s $b/hlx_verify $b/hlx_train $b/gl_merkle kernels || exit 1
export OMP_WAIT_POLICY=passive
${CC:-cc} -O2 tests/tamper.c -o "$work/tamper" -lm || exit 1
usage hlx_verify

# an honest run of five intervals, replayed in whole and in part, here and on a device
run="$work/run"
log="$run/commitments"
expect 0 $b/hlx_verify train --data $text --out "$run" --steps 25 --every 5
contains "6 commitments"; contains "run "
published=$(grep '^run ' "$work/out")
expect 0 $b/hlx_verify check "$log" --data $text
contains "$published"; contains "5 intervals, 2 drawn; a single false one is found with probability 0.400"
contains "confirmed: 2 of 5 intervals are what the statement gives"
expect 0 $b/hlx_verify check "$log" --data $text --draws 5 --json; json
contains '"confirmed": true'; contains '"intervals": 5'
expect 0 env NC_KERNEL_PATH=build/kernels $b/hlx_verify check "$log" --data $text --draws 1 --device vulkan
contains "confirmed: 1 of 5"
expect 0 $b/hlx_verify train --data $text --out "$work/again" --steps 25 --every 5
contains "$published" # every run of it, everywhere
expect 0 $b/gl_merkle "$run/step-25.bin"
root=$(sed -n 's/^root //p' "$work/out")
expect 0 $b/hlx_verify check "$log" --data $text; contains "last is   step     25  root $root"
# the nonce draws: each interval is drawn first for some
firsts="" nonce=0
while [ $(echo "$firsts" | sort -u | wc -w) -lt 5 ] && [ $nonce -lt 40 ]; do
    nonce=$((nonce + 1))
    firsts=$(echo "$firsts"; $b/hlx_verify check "$log" --data $text --draws 1 --nonce $nonce |
        sed -n 's/^interval \([0-9]*\),.*/\1/p')
done
[ $nonce -lt 40 ] || { echo "FAILED: forty nonces draw only these intervals:" $firsts; failures=$((failures + 1)); }

# the verifier reads other data, or needs what was not given
sed 's/heaven/Heaven/' $text >"$work/other.txt"
refused "data bytes" $b/hlx_verify check "$log" --data "$work/other.txt" --draws 1
refused "token_bytes" $b/hlx_verify check "$log" --data $text --token-bytes 2 --draws 1
unable "cannot open" $b/hlx_verify check "$log" --data no_such_file
unable "cannot open" $b/hlx_verify check "$work/no_log" --data $text
cp -r "$run" "$work/hole"; rm "$work/hole/step-20.bin"
unable "step-20.bin" $b/hlx_verify check "$work/hole/commitments" --data $text --draws 5
refused "no interval" sh -c "head -n 9 '$log' >'$work/hole/short'; $b/hlx_verify check '$work/hole/short' --data $text"
unable "no log" $b/hlx_verify check LICENSE --data $text

# what the log says cannot be changed afterwards
edited() { # reason, sed script
    cp -r "$run" "$work/edited"
    sed "$2" "$log" >"$work/edited/commitments"
    refused "$1" $b/hlx_verify check "$work/edited/commitments" --data $text --draws 5
    rm -r "$work/edited"
}
edited "line 8: the digest is not that of the statement" 's/lr 0.001/lr 0.002/'
edited "line 8: the digest is not that of the statement" 's/^start seed 1/start seed 2/'
edited "line 11: the run's digest does not continue" '11s/ root [0-9]* / root 7 /'
edited "line 11: the run's digest does not continue" '11d'
edited "line 12: the run's digest does not continue" '12s/position 120/position 121/'
edited "line 14: no commitment" '14s/commit/omit/'
cp -r "$run" "$work/edited"
printf x | dd of="$work/edited/step-15.bin" bs=1 seek=9999 conv=notrunc 2>/dev/null
refused "step-15.bin' is not what step 15's commitment is for" \
    $b/hlx_verify check "$work/edited/commitments" --data $text --draws 5
rm -r "$work/edited"
unable "never written over" $b/hlx_verify train --data $text --out "$run" --steps 20

# dishonest runs: all from step 10 on, committed to like others
dishonest() { # how, reason, steps after the tampering
    folder="$work/$1"
    mkdir "$folder"
    cp "$run/step-5.bin" "$run/step-10.bin" "$folder"
    expect 0 "$work/tamper" $1 "$folder/step-10.bin" "$folder/step-15.bin" 5 $text
    for to in 20 25; do
        expect 0 "$work/tamper" honest "$folder/step-$((to - 5)).bin" "$folder/step-$to.bin" 5 $text
    done
    steps=$(echo "$folder"/step-5.bin "$folder"/step-??.bin)
    [ $1 = honest ] || ! cmp -s "$folder/step-15.bin" "$run/step-15.bin" ||
        { echo "FAILED: '$1' is not tampered with"; failures=$((failures + 1)); }
    [ $1 = skip ] || expect 0 $b/hlx_verify commit $steps --data $text
}
all() { # how: all four intervals are drawn
    echo $b/hlx_verify check "$work/$1/commitments" --data $text --draws 4
}
dishonest honest
expect 0 $(all honest); contains "confirmed: 4 of 4"
cmp -s "$work/honest/step-25.bin" "$run/step-25.bin" || { echo "FAILED: the honest trainer differs"; failures=$((failures + 1)); }
dishonest data
refused "interval 1 (steps 10 to 15): " $(all data); says " values differ, the first is parameter "
dishonest parameter
refused "interval 1 (steps 10 to 15): 1 of 410880 values differ, the first is parameter 4321" $(all parameter)
dishonest lr
refused "interval 1 (steps 10 to 15): " $(all lr); says " values differ, the first is parameter "
dishonest skip
unable "the data's position does not lead from step 10 to 15" $b/hlx_verify commit $steps --data $text
[ ! -e "$work/skip/commitments" ] || { echo "FAILED: half a log"; failures=$((failures + 1)); }
# one draw finds it when it falls on it, and a quarter of the draws do
found=0
for nonce in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    $b/hlx_verify check "$work/data/commitments" --data $text --draws 1 --nonce $nonce >"$work/out" 2>&1
    case $? in
        0) grep -q "interval 1," "$work/out" && { echo "FAILED: the false interval is confirmed"; failures=$((failures + 1)); } ;;
        *) found=$((found + 1)); grep -q "interval 1 " "$work/out" || { echo "FAILED: another one"; failures=$((failures + 1)); } ;;
    esac
done
echo "one draw of four intervals finds the false one for $found of 20 nonces"
[ $found -ge 2 ] && [ $found -le 9 ] || { echo "FAILED: that is no quarter"; failures=$((failures + 1)); }

# a start that is not the seed's, and a learning rate that is not the stated one, logged as if they were
expect 0 "$work/tamper" start "$work/sold" $text
refused "the first commitment is not the start that seed 1 gives" \
    $b/hlx_verify check "$work/sold/commitments" --data $text --draws 1
expect 0 "$work/tamper" claim "$work/claimed" $text
refused "the statement says 'optimiser lr 0.00100000005 " $b/hlx_verify check "$work/claimed/commitments" --data $text
says "and the data here give: 'optimiser lr 0.00200000009 "
# what cannot be one log
expect 0 $b/hlx_verify train --data $text --out "$work/seed" --steps 10 --every 5 --seed 2
mkdir "$work/new"; cp "$run/step-5.bin" "$run/step-10.bin" "$work/new"; cp "$work/seed/step-10.bin" "$work/new/seed-2.bin"
unable "the statement says" $b/hlx_verify commit "$work/new/step-5.bin" "$work/new/seed-2.bin" --data $text
unable "another folder" $b/hlx_verify commit "$work/new/step-5.bin" "$work/again/step-10.bin" --data $text
unable "after step 10" $b/hlx_verify commit "$work/new/step-10.bin" "$work/new/step-5.bin" --data $text
[ ! -e "$work/new/commitments" ] || { echo "FAILED: half a log"; failures=$((failures + 1)); }

# checkpoints of hlx_train, by twos: the second follows from the first, or it does not
train="$b/hlx_train --data $text --preset demo --decay 40 --batch 2"
expect 0 $train --steps 20 --out "$work/t"; cp "$work/t/checkpoint.bin" "$work/a.bin"
expect 0 $train --steps 40 --resume --out "$work/t"; cp "$work/t/checkpoint.bin" "$work/b.bin"
expect 0 $b/hlx_verify "$work/a.bin" "$work/b.bin" --data $text; contains "confirmed: B is what A"
refused "no step to replay" $b/hlx_verify "$work/a.bin" "$work/a.bin" --data $text
refused "no step to replay" $b/hlx_verify "$work/a.bin" "$work/a.bin" --data "$work/other.txt" --json; json
refused "no step to replay" $b/hlx_verify "$work/b.bin" "$work/a.bin" --data $text
refused "values differ" $b/hlx_verify "$work/a.bin" "$work/b.bin" --data "$work/other.txt"
refused "values differ" $b/hlx_verify "$work/a.bin" "$work/b.bin" --data examples/data/digits.csv
refused "lr 0.001, then 0.0011" sh -c "cp '$work/a.bin' '$work/t/checkpoint.bin'; \
    $train --steps 40 --lr 0.0011 --resume --out '$work/t' >/dev/null; \
    $b/hlx_verify '$work/a.bin' '$work/t/checkpoint.bin' --data $text"
expect 0 $b/hlx_verify commit "$work/a.bin" "$work/b.bin" --data $text
expect 0 $b/hlx_verify check "$work/commitments" --data $text; contains "confirmed: 1 of 1"
rm "$work/commitments" # and from the start on: 20 steps from the seed, then 20
expect 0 $b/hlx_verify commit "$work/a.bin" "$work/b.bin" --data $text --seed 1
contains "2 intervals"
expect 0 $b/hlx_verify check "$work/commitments" --data $text; contains "confirmed: 2 of 2"
rm "$work/commitments"
unable "step-0.bin' is there already" $b/hlx_verify commit "$work/a.bin" "$work/b.bin" --data $text --seed 2
rm "$work/step-0.bin"
expect 0 $b/hlx_verify commit "$work/a.bin" "$work/b.bin" --data $text --seed 2
refused "interval 0 (steps 0 to 20): its header has" $b/hlx_verify check "$work/commitments" --data $text
unable "not an nc_hlx checkpoint" $b/hlx_verify "$work/a.bin" LICENSE --data $text
expect 2 $b/hlx_verify check "$log"
expect 2 $b/hlx_verify check "$log" --data $text --draws 0
expect 2 $b/hlx_verify check "$log" --data $text --device abacus
finish
