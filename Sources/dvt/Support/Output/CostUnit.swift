import DVTModel
import DVTOutput
import DVTSupport

/// The unit in which people see costs: MMACs (10^6 multiply-adds) for small models, else GMACs.
struct CostUnit: Sendable {
    /// The name.
    let name: String
    /// The multiply-adds of one unit.
    private let size: Double

    /// Selects the unit for costs: MMACs if the smallest is below 0.01 GMACs, where two decimals show
    /// nothing, or the largest below 0.1 GMACs.
    ///
    /// - Parameter gigaMultiplyAdds: the costs in 10^9 multiply-adds.
    init(_ gigaMultiplyAdds: [Double]) {
        let (least, most) = (gigaMultiplyAdds.min() ?? 1, gigaMultiplyAdds.max() ?? 1)
        (name, size) = least < 0.01 || most < 0.1 ? ("MMACs", 1e6) : ("GMACs", 1e9)
    }

    /// Selects the unit for a model, by the costs of its exits.
    init(_ model: CascadeConfiguration) {
        self.init(model.cumulativeMultiplyAdds.map { Double($0) / 1e9 })
    }

    /// A number of multiply-adds in this unit, without its name.
    func text(_ multiplyAdds: Double, decimals: Int = 2) -> String {
        decimalText(multiplyAdds / size, decimals: decimals)
    }

    /// A number of 10^9 multiply-adds in this unit.
    func value(giga: Double) -> Double { giga * (1e9 / size) }

    /// A column of multiply-adds, which people see in this unit.
    func column(_ key: String, title: String? = nil, decimals: Int = 2) -> OutputColumn {
        let size = size
        return .number(key, title: title ?? name, decimals: decimals) { value in
            if case .int(let count) = value { .double(Double(count) / size) } else { value }
        }
    }

    /// A column of 10^9 multiply-adds, which people see in this unit.
    func gigaColumn(_ key: String, title: String? = nil, decimals: Int = 3) -> OutputColumn {
        let unit = self
        return .number(key, title: title ?? name, decimals: decimals) { value in
            if case .double(let giga) = value { .double(unit.value(giga: giga)) } else { value }
        }
    }
}
