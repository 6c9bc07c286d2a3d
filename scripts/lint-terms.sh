#!/usr/bin/env bash
# Checks the wording of sources and documentation against scripts/terms.txt:
#   lint-terms.sh [--count] [FILE...]
# Prints FILE:LINE: TERM -> REPLACEMENT for every match, or with --count the matches per term.
# Exits with 1 if there are any. Without FILE every source and Markdown file of the checkout is
# checked, CHANGELOG.md down to its first release.
set -euo pipefail
cd "$(dirname "$0")/.."

count=0
if [[ ${1:-} == --count ]]; then
    count=1
    shift
fi
files=("$@")
if ((${#files[@]} == 0)); then
    # Files in the index may have been deleted.
    mapfile -t files < <(
        git ls-files --cached --others --exclude-standard -- \
            '*.swift' '*.cl' '*.c' '*.h' '*.md' '*.sh' '*.py' |
            while read -r file; do [[ -f $file ]] && printf '%s\n' "$file"; done
    )
fi

LC_ALL=C awk -v count="$count" '
    function trim(text) {
        gsub(/^[ \t]+|[ \t]+$/, "", text)
        return text
    }

    function alternatives(first, second) { return (first == "" ? "" : first "|") "(" second ")" }

    # The regular expression of a file pattern in which * and ? are wild.
    function from_glob(glob) {
        gsub(/[.+]/, "[&]", glob)
        gsub(/\*/, ".*", glob)
        gsub(/\?/, ".", glob)
        return "^" glob "$"
    }

    function is_ignored(name, i) {
        for (i = 1; i <= ignore_count; i++) if (name ~ ignored[i]) return 1
        return 0
    }

    # Replaces every match of a correct phrase by as many marks.
    function without(phrase, text, marks) {
        while (match(text, phrase)) {
            marks = sprintf("%" RLENGTH "s", "")
            gsub(/ /, "#", marks)
            text = substr(text, 1, RSTART - 1) marks substr(text, RSTART + RLENGTH)
        }
        return text
    }

    # Reports matches of a term that start in the first `size` characters.
    function search(term, text, size, line, offset, start, found) {
        if (term in phrases) text = without(phrases[term], text)
        offset = 0
        while (match(text, bounded[term])) {
            start = RSTART
            found = substr(text, RSTART, RLENGTH)
            if (found ~ /^[^a-z0-9_]/ && !(found ~ /^, /)) {
                start++
                found = substr(found, 2)
            }
            if (offset + start > size) return
            sub(/[^a-z0-9_]$/, "", found)
            hits[term]++
            total++
            if (!count)
                printf "%s:%d: %s -> %s\n", name, line, found, replacements[term]
            offset += start + length(found) - 1
            text = substr(text, start + length(found))
        }
    }

    # Searches a line together with the next one, whose comment marks are removed.
    function check(line, this_line, next_line, text, term) {
        sub(/[ \t]*\\?[ \t]*$/, "", this_line)
        sub(/^[ \t]*(\/\/\/?|#+|\*|>)?[ \t]*/, "", next_line)
        text = tolower(this_line " " next_line)
        if (text !~ any) return
        for (term = 1; term <= term_count; term++) {
            if ((term in files_excepted) && name ~ files_excepted[term]) continue
            if (text ~ patterns[term])
                search(term, text, length(this_line), line)
        }
    }

    FILENAME == "scripts/terms.txt" {
        if ($0 ~ /^(#|$)/) next
        if ($1 == "ignore") {
            ignored[++ignore_count] = from_glob(trim(substr($0, 7)))
        } else if ($0 ~ /^[ \t]+except in /) {
            sub(/^[ \t]+except in /, "")
            files_excepted[term_count] = alternatives(files_excepted[term_count], from_glob(trim($0)))
        } else if ($0 ~ /^[ \t]+except /) {
            sub(/^[ \t]+except /, "")
            phrases[term_count] = alternatives(phrases[term_count], trim($0))
        } else if (split($0, parts, / -> /) == 2) {
            pattern = parts[1]
            patterns[++term_count] = pattern
            replacements[term_count] = parts[2]
            # A pattern that starts with punctuation needs no boundary there.
            bounded[term_count] = \
                (pattern ~ /^,/ ? "" : "(^|[^a-z0-9_])") "(" pattern ")($|[^a-z0-9_])"
            any = alternatives(any, pattern)
        } else {
            printf "scripts/terms.txt:%d: no term: %s\n", FNR, $0
            total++
        }
        next
    }

    function finish_file() {
        if (name != "" && !skipped) check(last_line, last, "")
        last = ""
    }

    FNR == 1 {
        finish_file()
        name = FILENAME
        file_count++
        skipped = is_ignored(name)
        last_line = 0
    }
    name == "CHANGELOG.md" && /^## \[/ && !/Unreleased/ { skipped = 1 }
    skipped { next }
    {
        if (last_line > 0) check(last_line, last, $0)
        last = $0
        last_line = FNR
    }

    END {
        finish_file()
        if (count)
            for (term = 1; term <= term_count; term++)
                if (hits[term]) printf "%5d  %s -> %s\n", hits[term], patterns[term], replacements[term]
        printf "lint-terms.sh: %d files checked, %d terms to replace\n", file_count, total
        exit total > 0
    }' scripts/terms.txt "${files[@]}"
