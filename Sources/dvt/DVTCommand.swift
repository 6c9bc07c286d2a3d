import ArgumentParser
import DVTOpenCL
import Synchronization

@main
struct DVTCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvt",
        abstract: "Dynamic Vision Transformers on OpenCL: easy images exit early.",
        discussion: """
            Examples:
              dvt devices
              dvt convert dvt_deit_small.pth.tar dvt.safetensors --model dvt-deit-small
              dvt classify --weights dvt.safetensors photos/
              dvt parity --model tiny-deit --seed 1 --layers

            Every command prints its device to standard error. Select another with `--device` or \
            the environment variable DVT_DEVICE.
            """,
        version: Version.text,
        subcommands: [
            Bench.self, Calibrate.self, Cascade.self, Classify.self, Convert.self, Devices.self,
            Embed.self, Evaluate.self, Explain.self, Export.self, Info.self, Parity.self,
            Preprocess.self, Synthesize.self, Train.self, TryBFloat16.self, Tune.self,
        ])

    static func main() {
        BFloat16Dot.trialCommand.withLock { $0 = ["/proc/self/exe", "try-bfloat16"] }
        main(RenamedOption.replacingFormerNames(in: Array(CommandLine.arguments.dropFirst())))
    }
}
