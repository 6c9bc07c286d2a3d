import Testing

@testable import OpenCLRuntime

@Suite struct ProcessorFeaturesTests {
    private static let file = """
        processor\t: 0
        model name\t: A processor: with a colon
        flags\t\t: fpu avx512f avx512_bf16 amx_bf16
        bugs\t\t: none

        processor\t: 1
        flags\t\t: other
        """

    @Test func flagsOfTheFirstProcessorAreRead() {
        let names = ProcessorFeatures.names(inProcessorFile: Self.file, mask: nil)
        #expect(names == ["fpu", "avx512f", "avx512_bf16", "amx_bf16"])
    }

    @Test func maskedFeaturesAreHidden() {
        let names = ProcessorFeatures.names(
            inProcessorFile: Self.file, mask: "avx512_bf16,amx_bf16,unknown")
        #expect(names == ["fpu", "avx512f"])
    }

    @Test(arguments: ["", "processor: 0", "flags", "flags:"]) func aFileWithoutFlagsHasNone(
        text: String
    ) {
        #expect(ProcessorFeatures.names(inProcessorFile: text, mask: "fpu").isEmpty)
    }
}
