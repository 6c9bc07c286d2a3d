import DVTEvaluation
import DVTOutput
import DVTParity
import DVTSupport

/// The columns of a measured time: an object in JSON, one number per column in CSV.
struct TimeColumns {
    /// The key of the object in JSON.
    let key: String
    /// The beginning of the keys in CSV, such as `device_`.
    var prefix = ""
    /// The title of the median.
    var title = "Median, ms"
    var decimals = 2
    /// The numbers that tables show; none for a time that another column reports.
    var shown: Set<String> = ["median", "min"]

    var columns: [OutputColumn] {
        let numbers = [("median", title), ("min", "Min"), ("p90", "p90"), ("p99", "p99")].map {
            name, title in
            OutputColumn.number(
                "\(prefix)\(name)_ms", title: title, decimals: decimals,
                audience: shown.contains(name) ? [.csv, .people] : .csv)
        }
        return [OutputColumn(key, audience: .json)] + numbers
            + [.number("\(prefix)repeats", audience: .csv)]
    }
}

extension TimeStatistics {
    /// The values of ``TimeColumns``, in milliseconds.
    var values: [OutputValue] {
        [
            record, .double(median), .double(minimum), .double(quantile(0.9)),
            .double(quantile(0.99)), .int(samples.count),
        ]
    }

    private var record: OutputValue {
        [
            "median": .double(median), "min": .double(minimum), "p90": .double(quantile(0.9)),
            "p99": .double(quantile(0.99)), "repeats": .int(samples.count),
        ]
    }
}
