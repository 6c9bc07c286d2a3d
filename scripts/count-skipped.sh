#!/usr/bin/env bash
# Runs a `swift test` command and appends a summary of run and skipped tests, with the reasons:
#   count-skipped.sh swift test ...
# Exits with the status of the command; also fails without a final line of Swift Testing.
set -uo pipefail

"$@" 2>&1 | awk '
    { print; fflush() }

    # A disabled suite also reports each of its tests, so only tests are counted.
    / Test .* skipped(\.|: ".*")$/ {
        skipped++
        reason = "no reason given"
        if (match($0, / skipped: ".*"$/)) reason = substr($0, RSTART + 11, RLENGTH - 12)
        if (!(reason in count)) reasons[++kinds] = reason
        count[reason]++
    }

    / Test run with [0-9]+ tests? .*(passed|failed) after / {
        match($0, /Test run with [0-9]+/)
        total += substr($0, RSTART + 14, RLENGTH - 14)
        finished = 1
    }

    END {
        if (!finished) {
            print "the test run did not finish"
            exit 1
        }
        line = "ran: " (total - skipped) " of " total " tests; skipped: " (skipped + 0)
        for (i = 1; i <= kinds; i++)
            line = line (i == 1 ? " (" : "; ") count[reasons[i]] " x " reasons[i]
        print line (kinds > 0 ? ")" : "")
    }'
codes=("${PIPESTATUS[@]}")
exit $((codes[0] != 0 ? codes[0] : codes[1]))
