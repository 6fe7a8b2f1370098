# What the scripts of the examples share: sourced by examples_NAME.sh, which run from the repository's
# root with the examples built. Ends with `finish`.
b=build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
n=0

expect() { # exit code, command...
    want=$1
    shift
    n=$((n + 1))
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got != "$want" ]; then
        echo "FAILED: '$*' returned $got, not $want"
        head -n 5 "$work/err"
        failures=$((failures + 1))
    fi
    if [ "$want" != 0 ] && [ ! -s "$work/err" ]; then
        echo "FAILED: '$*' says nothing about its error"
        failures=$((failures + 1))
    fi
}
contains() { # text
    n=$((n + 1))
    grep -qF -- "$1" "$work/out" || { echo "FAILED: no '$1' in:"; head -n 8 "$work/out"; failures=$((failures + 1)); }
}
says() { # text: in what the last command says of its error
    n=$((n + 1))
    grep -qF -- "$1" "$work/err" || { echo "FAILED: no '$1' in:"; head -n 8 "$work/err"; failures=$((failures + 1)); }
}
json() { # the last output is JSON, where there is something to check it with
    command -v python3 >/dev/null || return
    n=$((n + 1))
    python3 -m json.tool <"$work/out" >/dev/null || { echo "FAILED: not JSON"; failures=$((failures + 1)); }
}

whole_logs() { # folder, last step: every step once and in order, in rows that are whole
    n=$((n + 1))
    awk -F, -v last="$2" 'NR == 1 { bad = $0 !~ /^step,/; next }
        { bad = bad || $1 != NR - 1 || !/^[0-9]+,[0-9.]+,[0-9.e+-]+,[0-9.]+,[0-9]+,([0-9.]+)?$/ }
        END { exit bad || NR - 1 != last }' "$1/log.csv" && [ "$(tail -c 1 "$1/log.csv" | od -An -c | tr -d ' ')" = '\n' ] &&
        awk -v last="$2" '{ bad = bad || !/^[{]"step":[0-9]+(,"[a-z_]+":[0-9.e+-]+)+}$/
            split($0, part, /[:,]/); bad = bad || part[2] != NR }
        END { exit bad || NR != last }' "$1/log.jsonl" && [ "$(tail -c 1 "$1/log.jsonl" | od -An -c | tr -d ' ')" = '\n' ] ||
        { echo "FAILED: the logs of $1 are not whole:"; tail -n 2 "$1/log.csv" "$1/log.jsonl"; failures=$((failures + 1)); }
}

usage() { # names: each explains itself, and an unknown option
    for e in "$@"; do
        expect 0 $b/$e --help
        contains "usage: $e"
        expect 2 $b/$e --no-such-option
    done
}
finish() {
    echo "$n checks, $failures failures"
    [ $failures = 0 ]
}
