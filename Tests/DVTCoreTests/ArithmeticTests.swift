import DVTSupport
import Testing

@Suite struct ArithmeticTests {
    @Test(arguments: [(0, 4, 0), (1, 4, 1), (4, 4, 1), (5, 4, 2), (8, 4, 2), (7, 1, 7)])
    func quotientsAreRoundedUp(dividend: Int, divisor: Int, quotient: Int) {
        #expect(ceilDiv(dividend, divisor) == quotient)
        #expect(dividend.roundedUp(toMultipleOf: divisor) == quotient * divisor)
    }
}
