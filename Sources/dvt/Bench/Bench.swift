import ArgumentParser

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Benchmark models, kernels and training steps on a device, and its peak rates.",
        discussion: """
            Examples:
              dvt bench model --model dvt-deit-small --batch-size 1,8,32
              dvt bench kernels --model deit-small --batch-size 8 --format markdown
              dvt bench op linear --m 64..4096x2 --n 384 --k 1536
              dvt bench train --model cascade.json --batch-size 64
              dvt bench peak
              dvt bench model --model deit-small --format json > before.json
              dvt bench model --model deit-small --compare before.json

            Weights and images are random: times do not depend on them. Run on an otherwise idle \
            machine.
            """,
        subcommands: [
            BenchModel.self, BenchKernels.self, BenchOperation.self, BenchTrain.self,
            BenchPeak.self,
        ])
}
