# Prints the tables of a measurement: awk -f tables.awk results.jsonl
#
# It also reads results.json, which has the same lines. It needs no JSON parser because every line
# is one record, whose keys differ. Ratios are PyTorch's time divided by that of dvt: above 1, dvt
# is faster.

# The value of a key in this line, "" for null or where it is absent.
function get(key, at, rest) {
    at = index($0, "\"" key "\":")
    if (!at) return ""
    rest = substr($0, at + length(key) + 3)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        match(rest, /^([^"\\]|\\.)*/)
        rest = substr(rest, 1, RLENGTH)
        gsub(/\\n/, " ", rest)
        gsub(/\\t/, " ", rest)
        gsub(/\\"/, "\"", rest)
        gsub(/\\\//, "/", rest)
        return rest
    }
    match(rest, /^[^],}]*/)
    rest = substr(rest, 1, RLENGTH)
    if (rest == "null") return ""
    return rest ~ /^-?[0-9]/ ? rest + 0 : rest
}

# About three digits.
function digits(number) {
    if (number == "") return "-"
    return sprintf(number >= 100 ? "%.0f" : number >= 10 ? "%.1f" : number >= 1 ? "%.2f" : "%.3f",
        number)
}

function us(ms) { return ms == "" ? "-" : digits(ms * 1000) }

function ratio(theirs, ours) {
    return theirs == "" || ours == "" || ours == 0 ? "-" : sprintf("%.2f", theirs / ours)
}

# Text in a cell of a table.
function cell(text) {
    gsub(/\|/, "\\|", text)
    return text
}

# Appends a value to a list of distinct ones.
function append(list, text, i) {
    for (i = 1; i <= size[list]; i++) if (item[list, i] == text) return
    item[list, ++size[list]] = text
}

function row(first, rest) { printf "| %s | %s |\n", first, rest }

function header(titles, count, i, line) {
    count = split(titles, parts, " [|] ")
    line = "---"
    for (i = 2; i <= count; i++) line = line " | ---"
    printf "\n| %s |\n| %s |\n", titles, line
}

function heading(text) { printf "\n%s\n", text }

# The operation of `dvt bench op` in this line, in words.
function operation(text, i, count, names, value) {
    text = get("operation")
    if (text == "linear") {
        text = text " [" get("m") ", " get("k") "] to " get("n")
        if (get("activation") != "identity") text = text ", " get("activation")
        if (get("residual") == "on") text = text ", residual"
        return text
    }
    count = split("m width appended batch channels tokens grid heads head_width reuse_from" \
        " keep_logits hidden blocks n", names, " ")
    for (i = 1; i <= count; i++) {
        value = get(names[i])
        if (value != "" && value != "0" && value != "off") text = text " " names[i] "=" value
    }
    return text
}

/^{"kind":"run"/ {
    version = get("version")
    started = get("started")
    limit = get("time_limit")
    small = get("small")
}

/^{"kind":"fact"/ {
    append("facts", get("name"))
    fact[get("name")] = get("value")
}

/^{"kind":"end"/ {
    outcome = get("outcome")
    total = get("seconds")
}

/^{"kind":"warning"/ { append("warnings", get("text")) }

/^{"kind":"step"/ {
    step_count++
    if (get("outcome") == "passed") next
    # Steps that follow each other and are skipped for the same reason share a row.
    skipped = get("outcome") == "skipped" ? get("phase") " " get("reason") : ""
    if (skipped == "" || skipped != last_skipped) problems++
    last_skipped = skipped
    step_list[problems] = step_list[problems] (step_list[problems] == "" ? "" : "; ") get("step")
    problem[problems] = get("phase") " | " cell(step_list[problems]) " | " get("outcome") " | " \
        get("seconds") " | " cell(get("reason"))
}

/^{"kind":"record"/ {
    program = get("program")
    precision = get("precision")
}

/^{"kind":"record"/ && program == "dvt" && get("device") != "" { device = get("device") }
/^{"kind":"record"/ && get("kernel_style") != "" { style[get("kernel_style")] = 1 }
/^{"kind":"record"/ && get("torch") != "" {
    torch = "PyTorch " get("torch") " on " get("torch_device")
    if (get("runtime") != "") torch = torch " (" get("runtime") ")"
}

/^{"kind":"record"/ && get("check") != "" {
    name = get("step")
    append("checks", name)
    checks[name]++
    if (get("passed") == "false") bad[name]++
    if (get("tolerance") != "" && get("tolerance") > 0) {
        share = get("relative_l2") / get("tolerance")
        if (share > worst[name]) worst[name] = share
    }
    next
}

/^{"kind":"record"/ && get("phase") == "probes" && get("unit") != "" {
    peak[++peaks] = get("measurement") " | " digits(get("value")) " | " get("unit")
    next
}

/^{"kind":"record"/ && get("engine") != "" {
    tuned[++tunings] = get("step") " | " cell(get("operation")) " | " get("engine") " | " \
        digits(get("untuned_ms") * 1000) " | " digits(get("median_ms") * 1000) " | " \
        digits(get("speedup"))
    next
}

# Kernels. The device's own time, where there is one.
/^{"kind":"record"/ && (get("phase") == "kernels" || get("phase") == "peers") && \
    get("operation") != "" {
    key = operation()
    ms = get("device_median_ms")
    if (ms == "" || ms == 0) ms = get("median_ms")
    if (program == "dvt") {
        append("kernels", key)
        kernel_ms[key, precision] = ms
        call_ms[key, precision] = get("median_ms")
        if (get("median_ms") > 0) flops[key] = get("gflops_per_sec") * get("median_ms")
    } else their_kernel_ms[key, precision, get("variant")] = ms
    seen[precision] = 1
    next
}

# Models and training steps, by batch.
/^{"kind":"record"/ && get("measurement") != "" {
    list = get("measurement") == "step" ? "steps" : "models"
    key = get("model") " | " get("batch_size") " | " get("measurement")
    name_of[key] = get("model")
    batch_of[key] = get("batch_size")
    measured[key] = get("measurement")
    if (program == "dvt") {
        append(list, key)
        model_ms[key, precision] = get("median")
    } else their_ms[key, precision, get("variant")] = get("median")
    if (list == "models") seen[precision] = 1
}

# The rows of models or training steps.
function model_table(list, i, p, key, ours, theirs, v, line, best) {
    header("model | batch | measured | precision | dvt, ms | images/s | PyTorch, ms | ratio" \
        " | SDPA, ms | ratio | compiled, ms | ratio")
    for (i = 1; i <= size[list]; i++) {
        key = item[list, i]
        # The only stage of a plain model is all of it.
        if (measured[key] == "stage 1" && !is_cascade[name_of[key]]) continue
        for (p = 1; p <= precision_count; p++) {
            # dvt has no TF32: PyTorch's is compared with its float32.
            ours = model_ms[key, order[p] == "TF32" ? "float32" : order[p]]
            line = ""
            theirs = 0
            for (v = 1; v <= 3; v++) {
                best = their_ms[key, order[p], variant[v]]
                if (best != "") theirs = 1
                line = line " | " digits(best) " | " ratio(best, ours)
            }
            if (order[p] == "TF32" ? !theirs : ours == "" && !theirs) continue
            row(key, order[p] " | " digits(ours) " | " \
                (ours > 0 ? digits(batch_of[key] * 1000 / ours) : "-") line)
        }
    }
}

function kernel_table(i, p, key, mine, ours, theirs, v, line, time) {
    header("operation | precision | dvt, call, us | kernels, us | GFLOP/s | PyTorch, us | ratio" \
        " | SDPA, us | ratio")
    for (i = 1; i <= size["kernels"]; i++) {
        key = item["kernels", i]
        for (p = 1; p <= precision_count; p++) {
            mine = order[p] == "TF32" ? "float32" : order[p]
            ours = kernel_ms[key, mine]
            line = ""
            theirs = 0
            for (v = 1; v <= 2; v++) {
                time = their_kernel_ms[key, order[p], variant[v]]
                if (time != "") theirs = 1
                line = line " | " us(time) " | " ratio(time, ours)
            }
            if (order[p] == "TF32" ? !theirs : ours == "" && !theirs) continue
            row(cell(key), order[p] " | " us(call_ms[key, mine]) " | " us(ours) " | " \
                (ours > 0 && flops[key] > 0 ? digits(flops[key] / ours) : "-") line)
        }
    }
}

# Early exits in dvt beside the fastest plain model in PyTorch.
function gain_table(i, j, p, v, key, plain, fastest, ours, best, shown) {
    for (i = 1; i <= size["models"]; i++) {
        key = item["models", i]
        # One image exits where it exits: it has no shares.
        if (measured[key] != "streamed" || batch_of[key] == 1) continue
        for (p = 1; p <= precision_count; p++) {
            if (order[p] == "TF32") continue
            ours = model_ms[key, order[p]]
            fastest = ""
            for (j = 1; j <= size["models"]; j++) {
                plain = item["models", j]
                if (is_cascade[name_of[plain]] || measured[plain] != "all exits" || \
                    batch_of[plain] != batch_of[key]) continue
                for (v = 1; v <= 3; v++) {
                    best = their_ms[plain, order[p], variant[v]]
                    if (best != "" && (fastest == "" || best < fastest)) fastest = best
                }
            }
            if (ours == "" || fastest == "") continue
            if (!shown++) {
                heading("With early exits (as a stream) beside the plain model in PyTorch," \
                    " the faster of eager and compiled:")
                header("model | batch | precision | PyTorch, plain, images/s" \
                    " | dvt, early exits, images/s | ratio")
            }
            row(name_of[key] " | " batch_of[key], order[p] " | " \
                digits(batch_of[key] * 1000 / fastest) " | " \
                digits(batch_of[key] * 1000 / ours) " | " ratio(fastest, ours))
        }
    }
}

END {
    precision_count = split("float32 TF32 float16 bfloat16", order, " ")
    split("eager SDPA compiled", variant, " ")
    for (i = 1; i <= size["models"]; i++)
        if (measured[item["models", i]] == "cascade" || measured[item["models", i]] == "streamed")
            is_cascade[name_of[item["models", i]]] = 1

    print version " on " (device == "" ? "no device" : device) (torch == "" ? "" : "; " torch) "."
    printf "\n`measure.sh%s`, %s: %s, %s of at most %s s.\n", small == "true" ? " --small" : "", \
        started, outcome == "" ? "unfinished" : outcome, total, limit
    if (small == "true") print "\nSizes are tiny: the times are not representative."
    for (i = 1; i <= size["facts"]; i++)
        printf "%s- %s: %s\n", i == 1 ? "\n" : "", item["facts", i], fact[item["facts", i]]

    if (problems) {
        heading("Steps that did not pass, of " step_count ":")
        header("phase | step | outcome | seconds | reason")
        for (i = 1; i <= problems; i++) print "| " problem[i] " |"
    }
    if (size["checks"]) {
        heading("Parity with the reference on the CPU, and of PyTorch's variants with its float32." \
            " The error is the largest, as a share of its tolerance:")
        header("checked | checks | failed | error")
        for (i = 1; i <= size["checks"]; i++) {
            name = item["checks", i]
            row(name, checks[name] " | " (bad[name] + 0) " | " \
                (name in worst ? sprintf("%.2f", worst[name]) : "-"))
        }
    }
    if (peaks) {
        heading("The device's peak:")
        header("measured | value | unit")
        for (i = 1; i <= peaks; i++) print "| " peak[i] " |"
    }
    if (size["models"]) {
        gain_table()
        heading("Models, ms per batch, medians. A ratio is PyTorch's time divided by that of dvt;" \
            " that of TF32 uses the float32 of dvt:")
        model_table("models")
    }
    if (size["kernels"]) {
        heading("Operations, medians. A call of dvt takes from enqueueing to completion; its kernels" \
            " are timed by the device's clock, and the ratio and GFLOP/s use them. (Of a product by" \
            " CLBlast that is the last kernel only.)")
        kernel_table()
    }
    if (size["steps"]) {
        heading("Training steps, ms per batch; dvt trains in float32, PyTorch in bfloat16 by" \
            " autocast:")
        model_table("steps")
    }
    if (tunings) {
        heading("Engines that `dvt tune` chose:")
        header("step | linear layer | engine | before, us | after, us | speedup")
        for (i = 1; i <= tunings; i++) print "| " tuned[i] " |"
    }
    for (i = 1; i <= size["warnings"]; i++)
        printf "%s- %s\n", i == 1 ? "\n" : "", item["warnings", i]
}
