import DVTModel
import DVTVision
import Testing

/// Built-in class names, and the checks of any.
struct ClassLabelsTests {
    @Test func imageNetHasItsClassesInOrder() {
        let labels = ClassLabels.imageNet1k
        #expect(labels.names.count == 1000)
        #expect(Set(labels.names).count == 1000)
        let spots = [
            0: "tench", 1: "goldfish", 134: "crane bird", 281: "tabby", 285: "Egyptian cat",
            517: "crane", 638: "maillot", 639: "maillot tank suit", 999: "toilet tissue",
        ]
        for (index, name) in spots { #expect(labels[index] == name) }
        #expect(labels.names.allSatisfy { !$0.isEmpty && $0.first != " " && $0.last != " " })
    }

    @Test func theBackgroundComesFirst() {
        let labels = ClassLabels.imageNet1001
        #expect(labels.names.count == 1001)
        #expect(labels[0] == "background" && labels[1] == "tench")
        #expect(labels[1000] == "toilet tissue")
        #expect(Array(labels.names.dropFirst()) == ClassLabels.imageNet1k.names)
    }

    @Test func cifarHasItsClassesInOrder() {
        let (ten, hundred) = (ClassLabels.cifar10, ClassLabels.cifar100)
        #expect(ten.names.count == 10 && ten[0] == "airplane" && ten[9] == "truck")
        #expect(hundred.names.count == 100 && hundred[0] == "apple" && hundred[99] == "worm")
        #expect(hundred[58] == "pickup_truck" && hundred[41] == "lawn_mower")
        #expect(ten.names == ten.names.sorted() && hundred.names == hundred.names.sorted())
    }

    @Test func missingClassesHaveNoName() {
        #expect(ClassLabels.cifar10[10] == nil && ClassLabels.cifar10[-1] == nil)
    }

    @Test func everyKnownNameHasLabels() {
        let counts = ClassLabels.knownNames.map { ClassLabels.named($0)?.names.count }
        #expect(counts == [1000, 1001, 1001, 10, 100])
        #expect(ClassLabels.named("cifar-10") == .cifar10)
        #expect(ClassLabels.named("cifar-100") == .cifar100)
        #expect(ClassLabels.named("imagenet") == nil && ClassLabels.named("") == nil)
    }

    /// MindSpore's authors number from ImageNet's first class; their last output is never a label.
    @Test func theMindSporeModelHasAnUnusedClassAtTheEnd() {
        let labels = ClassLabels.imageNet1001MindSpore
        #expect(labels[0] == "tench" && labels[999] == "toilet tissue" && labels[1000] == "unused")
    }

    @Test func cardsNameTheLabels() throws {
        func labels(_ model: String) throws -> ClassLabels? { try .of(.named(model)) }
        #expect(try labels("deit-small") == .imageNet1k)
        #expect(try labels("mindspore-dvt-deit-small") == .imageNet1001MindSpore)
        #expect(try labels("tiny-deit") == nil)
        var card = try ModelCard.named("tiny-deit")
        card.labels = .list(["a", "b"])
        #expect(try ClassLabels.of(card)?.names == ["a", "b"])
        card.labels = .dataSet("cifar100")
        #expect(throws: LabelError.wrongCount(origin: "cifar100", names: 100, classes: 10)) {
            try ClassLabels.of(card)
        }
        card.labels = .dataSet("none")
        let error = #expect(throws: LabelError.self) { try ClassLabels.of(card) }
        #expect(
            error?.description.hasPrefix("tiny-deit: names the unknown labels \"none\"") == true)
    }

    @Test func theNumberOfClassesIsChecked() throws {
        try ClassLabels.cifar10.check(classes: 10, origin: "cifar10")
        let error = LabelError.wrongCount(origin: "my.txt", names: 10, classes: 1000)
        #expect(throws: error) {
            try ClassLabels.cifar10.check(classes: 1000, origin: "my.txt")
        }
        #expect(
            error.description
                == "my.txt: has 10 class names, and the model has 1000 classes; "
                + "give labels with one name for each")
    }

    @Test func everyErrorIsOneLineThatNamesItsFile() {
        let errors: [LabelError] = [
            .cannotOpen(path: "p\n", reason: "r\n"), .notRegularFile(path: "p\n"),
            .cannotRead(path: "p\n", reason: "r\n"),
            .fileTooLarge(path: "p\n", byteCount: 2, limit: 1), .empty(path: "p\n"),
            .notUTF8(path: "p\n", line: 1), .emptyLine(path: "p\n", line: 1),
            .notLabels(path: "p\n", reason: "r\n"),
            .wrongCount(origin: "p\n", names: 1, classes: 2),
        ]
        for error in errors {
            #expect(error.description.hasPrefix("p\\n: ") && error.description.contains("; "))
            #expect(isOneLine(error.description))
            #expect(error.origin == "p\n")
        }
    }
}
