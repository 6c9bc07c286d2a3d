import ArgumentParser

/// A cost in 10^9 multiply-adds, or with a unit: `1.5`, `1.5GMACs`, `15MMACs`, `15M`.
struct CostArgument: ExpressibleByArgument {
    let gigaMultiplyAdds: Double

    init?(argument: String) {
        let units = [("GMACs", 1.0), ("MMACs", 1e-3), ("G", 1.0), ("M", 1e-3), ("", 1.0)]
        guard let unit = units.first(where: { argument.hasSuffix($0.0) }),
            let number = Double(argument.dropLast(unit.0.count)), number.isFinite
        else { return nil }
        gigaMultiplyAdds = number * unit.1
    }
}
