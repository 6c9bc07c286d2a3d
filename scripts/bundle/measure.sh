#!/usr/bin/env bash
# Measures this machine's device: parity, tuning, the times of dvt, and those of PyTorch where it is
# installed. Needs neither Swift nor network.
#
#   ./measure.sh                 8 minutes at most
#   ./measure.sh --small         tiny sizes: a test of this script, also on a CPU
#
#   --time-limit SECONDS   default: 480, with --small 300
#   --out FOLDER           default: measure-results-HOST-DATE
#   --device DEVICE        as for dvt; default: the first GPU
#   --only PHASE           may be repeated; the peers measure what other phases have measured
#
# PYTHON is the Python that has PyTorch; default: python3.
#
# The folder receives results.jsonl, to which every step adds its records, and in steps/ what each
# step printed. At the end, or after Ctrl-C, it receives the table results.md and results.json.
# A phase has a share of the time. What it does not use, the following phases may; what does not fit
# is skipped. Exit code: 1 if a step failed, 130 after Ctrl-C.
set -uo pipefail
export LC_ALL=C

here=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
readonly here

# The phases in their order, each with its seconds of 480.
readonly phases=(
    facts:10 probes:35 parity:80 tuning:45 models:85 kernels:40 training:20 peers:165)

#------------------------------------------------------------------------------ What is measured

# A phase is a function. Its steps are calls of:
#   dvt LABEL ARGUMENTS...       one run of dvt, whose records are kept
#   peers LABEL PART SECONDS     one part of peers/measure.py
#   fact NAME COMMAND...         the output of a command, where it exists

readonly precisions=(float32 float16 bfloat16)

use_full_sizes() {
    cascade=dvt-deit-small
    plain=deit-small
    batches=1,8,32,128
    toys=(tiny-deit tiny-t2t)
    parity_models=(dvt-deit-small dvt-t2t-vit-12)
    parity_filter=()
    tuned=(--batch-size 32 --batch-size 128 --batch-size 1)
    repeats=(--repeats 10 --warmup 3)
    # Rows of stages 1 and 3 at batch sizes 1, 32 and 128.
    rows=50,197,1600,6304,6400,25216
    operation_batches=1,32,128
    # The sizes of operations that are not those of DVT-DeiT-S, the defaults of `dvt bench op`.
    attention=()
    relations=(--tokens '50,101')
    features=()
    time=(--time-ms 50)
    trained=("$here/models/training-cascade.json:128,512" dvt-deit-small:32 deit-small:32)
    peak=()
    small=()
}

use_small_sizes() {
    cascade=tiny-deit
    plain=$here/models/small-plain.json
    batches=1,4
    toys=(tiny-deit)
    parity_models=("$plain")
    parity_filter=(--small --filter linear)
    tuned=(--batch-size 1 --engine clblast)
    repeats=(--repeats 2 --warmup 1)
    rows=50
    operation_batches=1
    attention=(--heads 2 --head-width 32)
    relations=(--channels 4 --tokens 50)
    features=(--width 64 --blocks 2)
    time=(--time-ms 5 --repeats 2)
    trained=(tiny-deit:4)
    peak=(--small)
    small=(--small)
}

phase_facts() {
    fact system uname -srm
    fact distribution sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release
    fact processor sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo
    fact cores nproc
    fact load cat /proc/loadavg
    local query=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit
    fact nvidia-smi nvidia-smi --format=csv,noheader \
        --query-gpu="$query,utilization.gpu,temperature.gpu"
    fact rocm-smi rocm-smi --showproductname --showdriverversion --showuse
    fact clinfo clinfo --list
}

# Small products also choose the kernel style, build kernels, and show which precisions the
# device's instructions compute.
phase_probes() {
    local precision
    for precision in "${precisions[@]}"; do
        dvt "instructions, $precision" bench op linear --m 64 --n 64 --k 64 --repeats 3 \
            --time-ms 1 --precision "$precision"
    done
    dvt "peak" bench peak "${peak[@]}"
}

phase_parity() {
    local precision model style
    for precision in "${precisions[@]}"; do
        dvt "operations, $precision" parity --operations "${parity_filter[@]}" \
            --precision "$precision"
        for model in "${toys[@]}"; do
            dvt "$(name "$model"), $precision" parity --model "$model" --weights synthetic:1 \
                --layers --precision "$precision"
        done
    done
    for model in "${toys[@]}"; do
        dvt "gradients of $(name "$model"), float32" parity --model "$model" \
            --weights synthetic:1 --gradients
    done
    for precision in "${precisions[@]}"; do
        for model in "${parity_models[@]}"; do
            dvt "$(name "$model"), $precision" parity --model "$model" --weights synthetic:1 \
                --batch-size 1 --precision "$precision"
        done
    done
    # The style that this device does not use.
    style=tile
    [[ $(value kernel_style) != tile ]] || style=vector
    for precision in "${precisions[@]}"; do
        dvt "operations, $precision, $style kernels" parity --operations "${parity_filter[@]}" \
            --precision "$precision" --kernel-style "$style"
    done
}

phase_tuning() {
    local index limit
    for index in "${!precisions[@]}"; do
        limit=$(share_of_left $((${#precisions[@]} - index)))
        # It may finish a build when the time is over.
        dvt "tune, ${precisions[index]}" tune --model "$cascade" "${tuned[@]}" \
            --precision "${precisions[index]}" --time-limit $((limit - limit / 5))
    done
}

phase_models() {
    local precision
    for precision in "${precisions[@]}"; do
        dvt "cascade, $precision" bench model --model "$cascade" --batch-size "$batches" \
            --precision "$precision" "${repeats[@]}"
        dvt "plain model, $precision" bench model --model "$plain" --batch-size "$batches" \
            --precision "$precision" "${repeats[@]}"
    done
}

phase_kernels() {
    local all
    printf -v all '%s,' "${precisions[@]}"
    local op=(bench op --precision "${all%,}" "${time[@]}")
    dvt "linear, qkv" "${op[@]}" linear --m "$rows" --n 1152 --k 384
    dvt "linear, proj" "${op[@]}" linear --m "$rows" --n 384 --k 384 --residual on
    dvt "linear, fc1" "${op[@]}" linear --m "$rows" --n 1536 --k 432 --activation gelu
    dvt "linear, fc2" "${op[@]}" linear --m "$rows" --n 384 --k 1536 --residual on
    dvt "attention" "${op[@]}" attention --batch "$operation_batches" "${attention[@]}"
    dvt "attention, relations reused" "${op[@]}" attention --batch "$operation_batches" \
        "${attention[@]}" --reuse-from 10
    dvt "attention, relations reused and kept" "${op[@]}" attention \
        --batch "$operation_batches" "${attention[@]}" --grid 10 --reuse-from 7 --keep-logits on
    dvt "relation reuse" "${op[@]}" relation-reuse --batch "$operation_batches" "${relations[@]}"
    dvt "layernorm" "${op[@]}" layernorm --m "$rows" --appended 0,48
    dvt "feature reuse" "${op[@]}" feature-reuse --batch "$operation_batches" "${features[@]}"
}

phase_training() {
    local model
    for model in "${trained[@]}"; do
        dvt "$(name "${model%:*}")" bench train --model "${model%:*}" \
            --batch-size "${model##*:}" "${repeats[@]}"
    done
}

phase_peers() {
    if [[ -n $no_pytorch ]]; then
        skip "PyTorch" "$no_pytorch"
        return
    fi
    peers "PyTorch, device" device 30 || return
    # Compiling takes longest, so it takes what the others leave.
    peers "PyTorch, models" models "$(share_of_left 2)"
    peers "PyTorch, kernels" kernels "$(share_of_left 4)"
    peers "PyTorch, training" training "$(share_of_left 4)"
    peers "PyTorch, compiled models" compiled "$(left)"
}

#-------------------------------------------------------------------------------------- Options

fail() {
    printf 'measure.sh: %s\n' "$*" >&2
    exit 2
}

usage() { sed -n '2,/^set /{ /^set /d; s/^#$//; s/^# //; p; }' "$0"; }

is_small=false
time_limit=
folder=
only=()
while (($# > 0)); do
    case $1 in
        --small) is_small=true ;;
        --time-limit | --out | --device | --only)
            (($# > 1)) || fail "$1 needs a value"
            case $1 in
                --time-limit) time_limit=$2 ;;
                --out) folder=$2 ;;
                --device) export DVT_DEVICE=$2 ;;
                --only) only+=("$2") ;;
            esac
            shift
            ;;
        -h | --help)
            usage
            exit
            ;;
        *) fail "unknown option $1; see --help" ;;
    esac
    shift
done
if $is_small; then
    use_small_sizes
    time_limit=${time_limit:-300}
else
    use_full_sizes
    time_limit=${time_limit:-480}
fi
[[ $time_limit =~ ^[1-9][0-9]*$ ]] || fail "--time-limit is a number of seconds"
for wanted in "${only[@]}"; do
    [[ " ${phases[*]}" == *" $wanted:"* ]] || fail "there is no phase $wanted: ${phases[*]%:*}"
done
folder=${folder:-measure-results-$(uname -n)-$(date +%Y%m%d-%H%M%S)}
[[ ! -e $folder/results.jsonl ]] || fail "$folder has results already; choose another --out"
mkdir -p "$folder/steps" || fail "cannot create $folder"
folder=$(cd -- "$folder" && pwd)
readonly is_small time_limit folder
readonly results=$folder/results.jsonl

#-------------------------------------------------------------------------------------- Records

# Prints a text as a JSON string.
quoted() {
    local text
    text=$(printf '%s' "$*" | tr -cd '[:print:]\n\t')
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    printf '"%s"' "${text//$'\t'/\\t}"
}

# Adds a line to the results: add KIND [KEY VALUE]..., the values in JSON
add() {
    local line="{\"kind\":\"$1\""
    shift
    while (($# > 1)); do
        line+=",\"$1\":$2"
        shift 2
    done
    printf '%s}\n' "$line" >> "$results"
}

# Prints the value of a key in the last record that has it; empty for null.
value() {
    grep -a '^{"kind":"record"' "$results" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | tail -n 1
}

# Prints a model's name: that of a file without folder and suffix.
name() {
    local file=${1##*/}
    printf '%s' "${file%.json}"
}

# Adds the complete lines of a step's output, each with the step that printed it.
add_records() {
    local line
    while IFS= read -r line; do
        [[ $line == '{'*'}' ]] || continue
        printf '{"kind":"record","phase":"%s","step":%s,"program":"%s","record":%s}\n' \
            "$phase" "$2" "$3" "$line"
    done < "$1" >> "$results"
}

add_warnings() {
    local text
    sed -nE 's/^(warning:|[^ ]+ warning dvt ?:( \[[a-z]+\])?) *//p' "$1" | sort -u |
        while IFS= read -r text; do
            add warning phase "\"$phase\"" step "$2" text "$(quoted "$text")"
        done
}

# Prints why a step failed: reason CODE OUTPUT LOG
reason() {
    local failed first
    failed=$(grep -ac '"passed":false' "$2")
    if ((failed > 0)); then
        first=$(sed -n '/"passed":false/ { s/.*"check":"\([^"]*\)".*/\1/p; q; }' "$2")
        printf '%s of %s checks failed, the first: %s' "$failed" "$(grep -ac '"passed":' "$2")" \
            "$first"
    else
        if (($1 > 128)); then printf 'signal %s. ' "$(($1 - 128))"; else printf 'code %s. ' "$1"; fi
        grep -avE '^[[:space:]]*$|^(device|peak|bench|tune|kernels): |^[^ ]+ warning dvt' "$3" |
            tail -n 3 | tr '\n' ' ' | tail -c 400
    fi
}

#----------------------------------------------------------------------------------------- Steps

left() { printf '%s' "$((phase_end > SECONDS ? phase_end - SECONDS : 0))"; }

# Prints the seconds of one of N equal steps that follow in this phase.
share_of_left() {
    local seconds=$(($(left) / $1))
    printf '%s' "$((seconds > 0 ? seconds : 1))"
}

say() { printf '%4d s  %-8s %s\n' "$SECONDS" "$phase" "$*"; }

end_step() {
    outcomes[$2]=$((${outcomes[$2]:-0} + 1))
    add step phase "\"$phase\"" step "$(quoted "$1")" outcome "\"$2\"" seconds "$3" \
        records "$4" reason "$(quoted "$5")" command "$(quoted "${*:6}")"
    say "$1: $2, $3 s, $4 records${5:+ ($5)}"
}

skip() { end_step "$1" skipped 0 0 "$2" "${@:3}"; }

# Runs a command whose standard output is JSON lines: step LABEL PROGRAM SECONDS COMMAND...
# Fails if the command does.
step() {
    local label=$1 program=$2 seconds=$3 started=$EPOCHREALTIME before=$SECONDS
    local file code outcome why=
    shift 3
    if [[ -n $stopped ]]; then return 1; fi
    if ((seconds > $(left))); then seconds=$(left); fi
    if ((seconds < 1)); then
        skip "$label" "no time is left in this phase" "$@"
        return 1
    fi
    number=$((number + 1))
    file=$folder/steps/$(printf '%02d' "$number")-$phase
    # A process group of its own: Ctrl-C reaches this script only, which passes it on once.
    set -m
    timeout --foreground --signal=INT --kill-after=3 "$seconds" "$@" \
        > "$file.jsonl" 2> "$file.log" < /dev/null &
    child=$!
    set +m
    wait "$child"
    code=$?
    if [[ -n $stopped ]]; then end_child; fi
    child=
    if [[ -n $stopped ]]; then
        outcome=interrupted
        why=$stopped
    elif ((code == 0)) && ! grep -q '"passed":false' "$file.jsonl"; then
        outcome=passed
    elif ((code == 124 || code == 137 && SECONDS - before >= seconds)); then
        outcome='timed out'
        why="after the $seconds s that this phase had left"
    else
        outcome=failed
        why=$(reason "$code" "$file.jsonl" "$file.log")
    fi
    add_records "$file.jsonl" "$(quoted "$label")" "$program"
    add_warnings "$file.log" "$(quoted "$label")"
    end_step "$label" "$outcome" "$(elapsed "$started")" "$(grep -c '^{' "$file.jsonl")" "$why" \
        "$@"
    [[ $outcome == passed ]]
}

# Prints the seconds since a time, with one decimal.
elapsed() {
    local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
    printf '%s.%s' "$((tenths / 10))" "$((tenths % 10))"
}

dvt() {
    local label=$1
    shift
    DVT_QUIET=1 step "$label" dvt "$(left)" "$here/run.sh" "$@" --format jsonl
}

peers() {
    local device=cpu
    ! grep -q '"default":true.*"type":"[^"]*GPU' "$results" || device=gpu
    step "$1" PyTorch "$(($3 + 10))" "${PYTHON:-python3}" "$here/peers/measure.py" "$2" \
        --device "$device" --like "$results" --card "$here/models/training-cascade.json" \
        --card "$here/models/small-plain.json" --time-limit "$3" "${small[@]}"
}

# Prints why PyTorch cannot be measured, if it cannot.
missing_pytorch() {
    local python=${PYTHON:-python3}
    if ! command -v "$python" > /dev/null; then
        printf '%s is not installed' "$python"
        return
    fi
    "$python" -c 'import importlib.util, sys
if sys.version_info < (3, 10): sys.exit(4)
sys.exit(0 if all(map(importlib.util.find_spec, ["torch", "numpy"])) else 3)' 2> /dev/null
    case $? in
        0) ;;
        3) printf '%s has no PyTorch, or no numpy' "$python" ;;
        4) printf '%s is older than 3.10' "$python" ;;
        *) printf '%s does not start' "$python" ;;
    esac
}

fact() {
    local key=$1 text
    shift
    command -v "$1" > /dev/null || return
    text=$(timeout 10 "$@" 2> /dev/null)
    [[ -z $text ]] || add fact name "\"$key\"" value "$(quoted "$text")"
}

#---------------------------------------------------------------------------------- Interruption

readonly out_of_time="stopped by the time limit"
stopped=
child=

# A second signal ends the running step at once.
stop() {
    if [[ -n $stopped ]]; then
        [[ -z $child ]] || kill -KILL -- "-$child" 2> /dev/null
    else
        stopped=$1
        [[ -z $child ]] || kill -INT "$child" 2> /dev/null
    fi
}

# Waits for the running step after an interruption, and kills it after 5 s. A process that hangs in
# its driver may survive even this.
end_child() {
    local try
    for ((try = 0; try < 35; try++)); do
        kill -0 "$child" 2> /dev/null || return
        ((try != 25)) || kill -KILL -- "-$child" 2> /dev/null
        sleep 0.2
    done
}

trap 'stop "interrupted by Ctrl-C"' INT
trap 'stop "interrupted by SIGTERM"' TERM
trap 'stop "interrupted by SIGHUP"' HUP
trap 'stop "$out_of_time"' USR1

#------------------------------------------------------------------------------------------- Run

finish() {
    local outcome=${stopped:-complete}
    phase=end
    add end outcome "$(quoted "$outcome")" seconds "$SECONDS"
    { printf '{"records":[\n' && sed '$!s/$/,/' "$results" && printf ']}\n'; } \
        > "$folder/results.json"
    if command -v awk > /dev/null; then
        awk -f "$here/tables.awk" "$results" > "$folder/results.md"
        printf '\n'
        cat "$folder/results.md"
    else
        printf 'measure.sh: no table: awk is not installed\n' >&2
    fi
    local counts='' key
    for key in passed failed 'timed out' interrupted skipped; do
        [[ -z ${outcomes[$key]:-} ]] || counts+=", ${outcomes[$key]} $key"
    done
    printf '\nmeasure.sh: %s after %s s; steps: %s\n' "$outcome" "$SECONDS" "${counts#, }"
    printf 'measure.sh: %s\n' "$folder/results.md" "$folder/results.json"
}

number=0
declare -A outcomes=()
phase=facts
SECONDS=0
# Time for the last step to end and for the tables.
readonly reserve=$((4 + time_limit / 60))
phase_end=$time_limit

version=$(DVT_QUIET=1 "$here/run.sh" --version 2>&1 | head -n 1)
add run version "$(quoted "$version")" started "$(quoted "$(date -u +%Y-%m-%dT%H:%M:%SZ)")" \
    time_limit "$time_limit" small "$is_small"
printf 'measure.sh: %s, at most %s s, into %s\n' "$version" "$time_limit" "$folder"
step "devices" dvt 60 "$here/run.sh" devices --format jsonl
has_device=$?
cat "$folder/steps/01-facts.log"
sed -nE '/"default":true/s/.*"name":"([^"]*)".*"driver_version":"([^"]*)".*/\1, driver \2/p' \
    "$folder/steps/01-facts.jsonl"
if ((has_device != 0)); then
    stopped=${stopped:-no OpenCL device}
    finish
    exit 1
fi

set -m
(sleep "$((time_limit - reserve + 4))" && kill -USR1 $$) > /dev/null 2>&1 < /dev/null &
watchdog=$!
set +m
disown "$watchdog"

run_phases() {
    local entry total=0 used=0 selected=()
    for entry in "${phases[@]}"; do
        if ((${#only[@]} > 0)) && [[ " ${only[*]} " != *" ${entry%:*} "* ]]; then continue; fi
        # The other phases have the time of the peers that are not there.
        if [[ $entry == peers:* && -n $no_pytorch ]]; then entry=peers:0; fi
        selected+=("$entry")
        total=$((total + ${entry#*:}))
    done
    ((total > 0)) || total=1
    for entry in "${selected[@]}"; do
        if [[ -n $stopped ]]; then return; fi
        phase=${entry%:*}
        used=$((used + ${entry#*:}))
        phase_end=$(((time_limit - reserve) * used / total))
        "phase_$phase"
    done
}

no_pytorch=$(missing_pytorch)
run_phases

kill -- "-$watchdog" 2> /dev/null
finish
if [[ -n $stopped && $stopped != "$out_of_time" ]]; then exit 130; fi
((${outcomes[failed]:-0} == 0))
