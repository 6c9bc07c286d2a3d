import DVTSupport

/// The two layouts of CIFAR's binary version: labels, one byte each, then 32 x 32 red, green and
/// blue samples, plane by plane, row-major.
///
/// - SeeAlso: <https://www.cs.toronto.edu/~kriz/cifar.html>
enum CIFARLayout {
    /// CIFAR-10: the class.
    case ten
    /// CIFAR-100: one of 20 coarse classes, which is ignored, and the class.
    case hundred

    /// The width and height of every image.
    static let side = 32

    /// The number of bytes before the samples; the last one is the class.
    var labelCount: Int { self == .ten ? 1 : 2 }
    /// The classes' names.
    var classes: ClassLabels { self == .ten ? .cifar10 : .cifar100 }
    /// The size of a record.
    var recordByteCount: Int { labelCount + 3 * Self.side * Self.side }
    /// The number of classes for each label byte.
    var limits: [Int] { self == .ten ? [10] : [20, 100] }
}

/// One file of a CIFAR archive, open for reading.
final class CIFARFile: Sendable {
    /// Its path.
    let path: String
    /// The class of every image, from 0.
    let labels: [UInt8]
    private let layout: CIFARLayout
    private let file: OpenFile

    /// The number of records read at once for their labels: 3 MB.
    private static let chunk = 1024

    /// Opens a file and reads its labels.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - layout: the layout of its records.
    /// - Throws: ``DataSetError`` if it cannot be read, does not consist of whole records, or a
    ///   label is not a class.
    init(path: String, layout: CIFARLayout) throws(DataSetError) {
        let file: OpenFile
        do throws(FileError) {
            file = try OpenFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        let size = layout.recordByteCount
        guard file.byteCount > 0, file.byteCount % size == 0 else {
            throw .damaged(
                path: path,
                reason: """
                    has \(file.byteCount) bytes, which are no records of \(size); it is cut short or \
                    not CIFAR's binary version: copy or download it again
                    """)
        }
        var labels: [UInt8] = []
        for start in stride(from: 0, to: file.byteCount / size, by: Self.chunk) {
            let records: [UInt8]
            do throws(FileError) {
                records = try file.read(from: start * size, upTo: Self.chunk * size)
            } catch {
                throw .unreadable(path: path, reason: error.reason)
            }
            try labels += Self.labels(in: records, from: start, layout: layout, path: path)
        }
        self.path = path
        self.labels = labels
        self.layout = layout
        self.file = file
    }

    private static func labels(
        in records: [UInt8], from start: Int, layout: CIFARLayout, path: String
    ) throws(DataSetError) -> [UInt8] {
        var labels: [UInt8] = []
        for (index, offset) in zip(
            start..., stride(from: 0, to: records.count, by: layout.recordByteCount))
        {
            for (place, limit) in layout.limits.enumerated() where records[offset + place] >= limit
            {
                throw .damaged(
                    path: path,
                    reason: """
                        record \(index) (from 0) has the label \(records[offset + place]), and there \
                        are \(limit) classes; download the file again
                        """)
            }
            labels.append(records[offset + layout.labelCount - 1])
        }
        return labels
    }

    /// Reads an image.
    ///
    /// - Parameter index: its record, from 0.
    /// - Returns: 32 x 32 pixels.
    /// - Throws: ``ImageError`` if the file cannot be read or has been cut short.
    func image(at index: Int) throws(ImageError) -> RGBImage {
        let (side, planeCount) = (CIFARLayout.side, CIFARLayout.side * CIFARLayout.side)
        let start = index * layout.recordByteCount + layout.labelCount
        let samples: [UInt8]
        do throws(FileError) {
            samples = try file.read(from: start, upTo: 3 * planeCount)
        } catch {
            throw ImageError(error)
        }
        guard samples.count == 3 * planeCount else {
            throw .truncated(path: path, byteCount: start + samples.count)
        }
        let pixels = (0..<3 * planeCount).map { samples[$0 % 3 * planeCount + $0 / 3] }
        return RGBImage(width: side, height: side, pixels: pixels)
    }
}
