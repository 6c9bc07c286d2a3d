#!/bin/sh
# Tests the bundle on this machine: devices are found, kernels agree with the CPU reference. Needs
# no other files. Options are passed on to each comparison, for example: test.sh --device 1
set -u

here=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)

# One command per line.
commands='
devices
parity --operations --kernel-style vector
parity --operations --kernel-style tile
parity --model tiny-deit --layers
parity --model tiny-t2t --layers
parity --model dvt-deit-small --batch-size 1
parity --model dvt-t2t-vit-12 --batch-size 1
'

# `devices` has no comparison options; only this first command reports the driver.
run() {
    if [ "$1" = devices ]; then
        "$here/run.sh" devices < /dev/null
    else
        DVT_QUIET=1 "$here/run.sh" "$@" < /dev/null
    fi
}

ran=0
failed=0
while read -r command; do
    [ -n "$command" ] || continue
    printf '== dvt %s\n' "$command"
    ran=$((ran + 1))
    # shellcheck disable=SC2086 # words on purpose
    if run $command "$@"; then
        printf '== passed: dvt %s\n' "$command"
    else
        printf '== FAILED (%s): dvt %s\n' "$?" "$command"
        failed=$((failed + 1))
    fi
done << EOF
$commands
EOF
printf 'test.sh: %s of %s commands passed\n' $((ran - failed)) "$ran"
[ "$failed" -eq 0 ]
