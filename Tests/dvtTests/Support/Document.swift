import Foundation
import FoundationXML

/// A parsed XML document.
final class Document: NSObject, XMLParserDelegate {
    private(set) var isWellFormed = false
    private(set) var text = ""
    private(set) var attributes: [String] = []
    private var elements: [(name: String, kind: String?)] = []
    private var parents: [String: [String: Int]] = [:]
    private var open: [String] = []

    init(_ source: String) {
        super.init()
        let parser = XMLParser(data: Data(source.utf8))
        parser.delegate = self
        isWellFormed = parser.parse()
    }

    func count(_ name: String, class kind: String? = nil, holding child: String? = nil) -> Int {
        if let child { return parents[name]?[child] ?? 0 }
        return elements.count { $0.name == name && (kind == nil || $0.kind == kind) }
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName: String?, attributes attributeDict: [String: String]
    ) {
        elements.append((elementName, attributeDict["class"]))
        attributes += attributeDict.values
        if let parent = open.last { parents[parent, default: [:]][elementName, default: 0] += 1 }
        open.append(elementName)
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        text += string
    }
}
