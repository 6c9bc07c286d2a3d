#!/usr/bin/env bash
# Runs the newest bundle in a minimal Debian 12 with PoCL, its test.sh and measure.sh --small:
#   try-bundle.sh
# Arguments replace the default commands; each contains the arguments of one run of run.sh:
#   try-bundle.sh devices
# Requires root and debootstrap. The system is kept in build/bare for later runs.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly root=$PWD/build/bare

fail() {
    printf 'try-bundle.sh: %s\n' "$*" >&2
    exit 1
}

[[ $(id -u) == 0 ]] || fail "needs root, for chroot: sudo make try-bundle"
command -v debootstrap > /dev/null || fail "needs debootstrap: apt-get install debootstrap"

# Prints the Debian mirror that this machine uses, if any.
mirror() {
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2> /dev/null || true; } |
        sed -nE '/^(URIs:|deb( \[[^]]*\])?) +https?:[^ ]*\/debian\/?( |$)/ {
            s/.*(https?:[^ ]*).*/\1/p
            q
        }'
}

# Prints this machine's apt settings for mirrors: proxies and date checks.
apt_settings() {
    apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date)' || true
}

make_root() {
    local from proxy
    from=$(mirror)
    proxy=$(apt_settings | sed -n 's/^Acquire::http::Proxy "\(.*\)";/\1/p')
    rm -rf "$root"
    mkdir -p "$root"
    # In a separate mount namespace, nothing stays mounted after a failure.
    http_proxy=${http_proxy:-$proxy} unshare --mount \
        debootstrap --variant=minbase bookworm "$root" "${from:-http://deb.debian.org/debian}"
    apt_settings > "$root/etc/apt/apt.conf.d/80host"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    inside apt-get update
    inside env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends pocl-opencl-icd
    inside apt-get clean
    touch "$root/.complete"
}

# Runs a command in the minimal system with a clean environment.
inside() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount bash -euc 'mount -t proc proc "$1/proc"
        mount -t sysfs -o ro sysfs "$1/sys" # PoCL asks it for the processors
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$@"' \
        - "$root" "$@" < /dev/null
}

# Checks that a measurement without Python is complete: every phase has records, and a table.
check_measured() {
    local phase
    for phase in facts probes parity tuning models kernels training; do
        grep -q "^{\"kind\":\"record\",\"phase\":\"$phase\"" "$1/results.jsonl" ||
            fail "measure.sh has no records of the phase $phase"
    done
    grep -q '^{"kind":"end","outcome":"complete"' "$1/results.jsonl" ||
        fail "measure.sh did not end"
    grep -q '^| tiny-deit | 4 | all exits | bfloat16 |' "$1/results.md" ||
        fail "measure.sh printed no table of models"
    if command -v python3 > /dev/null; then
        python3 -m json.tool "$1/results.json" > /dev/null || fail "results.json is not JSON"
    fi
}

archive=$(find build -maxdepth 1 -name 'dvt-*.tar.gz' -printf '%T@ %p\n' |
    sort -n | tail -n 1 | cut -d ' ' -f 2-)
[[ -n $archive ]] || fail "there is no bundle in build/: make bundle"

[[ -e $root/.complete ]] || make_root
rm -rf "$root/opt/bundle"
mkdir -p "$root/opt/bundle"
tar -xzf "$archive" -C "$root/opt/bundle" --strip-components=1
echo "try-bundle.sh: $archive in Debian $(cat "$root/etc/debian_version")," \
    "$(inside dpkg-query -W | wc -l) packages"

if (($# > 0)); then
    for command; do
        # shellcheck disable=SC2086 # words on purpose
        inside /opt/bundle/run.sh $command
    done
else
    inside /opt/bundle/test.sh
    rm -rf "$root/tmp/measured"
    # On a busy machine, building the kernels may take longer than the default limit.
    inside /opt/bundle/measure.sh --small --time-limit 1200 --out /tmp/measured
    check_measured "$root/tmp/measured"
fi
