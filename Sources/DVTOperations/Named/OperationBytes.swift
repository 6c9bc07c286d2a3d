extension Operation {
    /// ``byteCount`` where elements are stored in fewer bytes.
    ///
    /// - Parameter bytes: the bytes of an element: 4 for float32, 2 for 16-bit types.
    /// - Returns: the minimum number of bytes read and written.
    package func byteCount(elementByteCount bytes: Int) -> Int { byteCount / 4 * bytes }
}
