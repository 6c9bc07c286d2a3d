#!/bin/sh
# Runs dvt with the given arguments: run.sh devices
#
# The OpenCL loader finds drivers through .icd files in /etc/OpenCL/vendors. GPU containers often
# have a driver's library but no .icd file; this script then finds the library and passes it to the
# loader. It reports its choice on stderr unless DVT_QUIET=1 is set.
set -eu

here=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
vendors=${OPENCL_VENDOR_PATH:-/etc/OpenCL/vendors}
drivers='libnvidia-opencl.so.1 libamdocl64.so libigdrcl.so'
folders="/usr/local/nvidia/lib64 /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current
    /usr/lib/x86_64-linux-gnu/intel-opencl /usr/lib/aarch64-linux-gnu /usr/lib64 /usr/lib
    /opt/rocm/lib /opt/rocm/opencl/lib /opt/amdgpu/lib/x86_64-linux-gnu /usr/lib/wsl/lib"

say() { [ -n "${DVT_QUIET:-}" ] || printf 'run.sh: %s\n' "$*" >&2; }

# The 64-bit libraries in the dynamic linker's cache, as lines "NAME (KIND) => PATH".
known=$({ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep '64)' || true)

# Prints the path of library $1 in the dynamic linker's cache.
known_path() {
    printf '%s\n' "$known" | while read -r name rest; do
        if [ "$name" = "$1" ]; then
            printf '%s\n' "${rest##*=> }"
            break
        fi
    done
}

# Prints the path of library $1 from LD_LIBRARY_PATH, the linker's cache or the usual folders.
find_library() {
    (
        IFS=:
        for folder in ${LD_LIBRARY_PATH:-}; do
            if [ -n "$folder" ] && [ -e "$folder/$1" ]; then
                printf '%s\n' "$folder/$1"
                exit 0
            fi
        done
        exit 1
    ) && return
    path=$(known_path "$1")
    if [ -n "$path" ] && [ -e "$path" ]; then
        printf '%s\n' "$path"
        return
    fi
    for folder in $folders; do
        if [ -e "$folder/$1" ]; then
            printf '%s\n' "$folder/$1"
            return
        fi
    done
}

# Whether an installed .icd file names library $1, with a path or without.
is_announced() {
    for icd in "$vendors"/*.icd; do
        if [ -f "$icd" ] && read -r line < "$icd" && [ "${line##*/}" = "$1" ]; then
            case $line in
                /*) [ -e "$line" ] && return 0 ;;
                *) return 0 ;;
            esac
        fi
    done
    return 1
}

# Creates a user folder with the installed .icd files and one for each given library; prints its
# path. The folder is named by a checksum of its contents and never changes, so concurrent starts
# can share it.
combined_vendors() {
    caches=${XDG_CACHE_HOME:-${HOME:?}/.cache}/dvt
    mkdir -p "$caches"
    new=$(mktemp -d "$caches/new-vendors.XXXXXX")
    for icd in "$vendors"/*.icd; do
        [ ! -f "$icd" ] || cp "$icd" "$new"
    done
    for library; do
        printf '%s\n' "$library" > "$new/found-${library##*/}.icd"
    done
    sum=$(cd "$new" && cksum ./*.icd | cksum)
    folder=$caches/opencl-vendors-${sum%% *}
    # mv fails if a concurrent start has created the folder.
    [ -d "$folder" ] || mv -T "$new" "$folder" 2> /dev/null || true
    rm -rf "$new"
    [ -d "$folder" ] || {
        echo "run.sh: cannot create $folder; set OCL_ICD_VENDORS to the driver's library" >&2
        exit 1
    }
    printf '%s\n' "$folder"
}

if [ -n "${OCL_ICD_VENDORS:-}" ]; then
    say "OpenCL drivers: $OCL_ICD_VENDORS (OCL_ICD_VENDORS is set)"
    exec "$here/dvt" "$@"
fi

installed=
for icd in "$vendors"/*.icd; do
    [ ! -f "$icd" ] || installed="$installed ${icd##*/}"
done

found=
count=0
for driver in $drivers; do
    path=$(find_library "$driver")
    [ -n "$path" ] || continue
    # The driver loads other libraries by name; its folder may be unknown to the linker.
    if [ -z "$(known_path "$driver")" ]; then
        LD_LIBRARY_PATH=${path%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        export LD_LIBRARY_PATH
    fi
    if ! is_announced "$driver"; then
        found="$found $path"
        count=$((count + 1))
    fi
done

if [ "$count" -eq 0 ] && [ -z "$installed" ]; then
    say "no OpenCL driver was found: neither an .icd file in $vendors nor any of: $drivers." \
        "Install the GPU vendor's driver, or PoCL for the CPU (Debian: pocl-opencl-icd);" \
        "or set OCL_ICD_VENDORS to the driver's library."
elif [ "$count" -eq 0 ]; then
    say "OpenCL drivers:$installed (from $vendors)"
elif [ "$count" -eq 1 ] && [ -z "$installed" ]; then
    OCL_ICD_VENDORS=${found# }
    export OCL_ICD_VENDORS
    say "OpenCL driver: $OCL_ICD_VENDORS (no .icd file names it)"
else
    # shellcheck disable=SC2086 # a list of paths
    OCL_ICD_VENDORS=$(combined_vendors $found)
    export OCL_ICD_VENDORS
    say "OpenCL drivers:$found (no .icd file names them)${installed:+,$installed (from $vendors)}"
fi
exec "$here/dvt" "$@"
