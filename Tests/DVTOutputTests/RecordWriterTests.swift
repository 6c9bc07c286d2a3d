import DVTCore
import DVTOutput
import DVTSupport
import Testing

private let columns: [OutputColumn] = [
    OutputColumn("image", title: "Image"),
    .number("exit", title: "Exit", forPeople: OutputValue.oneBased),
    .number("confidence", title: "Confidence", decimals: 3),
    OutputColumn("labels", title: "Labels"),
    OutputColumn("correct", title: "Correct"),
    OutputColumn("samples", audience: .machines),
    OutputColumn("note", title: "Note", audience: .people),
]

private let rows: [[OutputValue]] = [
    ["cat.jpg", 0, .float(0.1), ["tabby", "tiger cat"], true, [["ms": 1.5]], "fast"],
    ["a|b, \"c\"\n", 2, 0.98765, [], nil, [], "-"],
    ["日本.png", 1, .double(.nan), ["x"], false, [1, 2], ""],
]

@Suite struct RecordWriterTests {
    @Test func tablesAlignTextForPeople() throws {
        #expect(
            try written(.table, columns, rows) == """
                Image       Exit  Confidence  Labels            Correct  Note
                ----------  ----  ----------  ----------------  -------  ----
                cat.jpg        1       0.100  tabby, tiger cat  yes      fast
                a|b, "c"\\n     3       0.988                    -        -
                日本.png       2         nan  x                 no

                """)
    }

    /// An object in JSON may be several columns in CSV.
    @Test func columnsMayDifferBetweenCSVAndJSON() throws {
        let columns: [OutputColumn] = [
            OutputColumn("time", audience: .json),
            .number("median", title: "Median", audience: [.csv, .people]),
            .number("p90", audience: .csv),
        ]
        let row: [OutputValue] = [["median": 1, "p90": 2], 1, 2]
        #expect(try written(.csv, columns, [row]) == "median,p90\n1,2\n")
        #expect(try written(.jsonl, columns, [row]) == "{\"time\":{\"median\":1,\"p90\":2}}\n")
        #expect(try written(.table, columns, [row]) == "Median\n------\n     1\n")
    }

    @Test func markdownIsATable() throws {
        #expect(
            try written(.markdown, columns, rows) == """
                | Image | Exit | Confidence | Labels | Correct | Note |
                | :--- | ---: | ---: | :--- | :--- | :--- |
                | cat.jpg | 1 | 0.100 | tabby, tiger cat | yes | fast |
                | a\\|b, "c"\\\\n | 3 | 0.988 |  | - | - |
                | 日本.png | 2 | nan | x | no |  |

                """)
    }

    @Test func csvIsForMachines() throws {
        #expect(
            try written(.csv, columns, rows) == """
                image,exit,confidence,labels,correct,samples
                cat.jpg,0,0.1,tabby;tiger cat,true,"{""ms"":1.5}"
                "a|b, ""c""
                ",2,0.98765,,,
                日本.png,1,nan,x,false,1;2

                """)
    }

    @Test func jsonIsOneArray() throws {
        #expect(
            try written(.json, columns, rows) == #"""
                [
                  {"image":"cat.jpg","exit":0,"confidence":0.1,"labels":["tabby","tiger cat"],"correct":true,"samples":[{"ms":1.5}]},
                  {"image":"a|b, \"c\"\n","exit":2,"confidence":0.98765,"labels":[],"correct":null,"samples":[]},
                  {"image":"日本.png","exit":1,"confidence":null,"labels":["x"],"correct":false,"samples":[1,2]}
                ]

                """#)
    }

    @Test func jsonLinesIsOneObjectPerLine() throws {
        #expect(
            try written(.jsonl, columns, rows) == #"""
                {"image":"cat.jpg","exit":0,"confidence":0.1,"labels":["tabby","tiger cat"],"correct":true,"samples":[{"ms":1.5}]}
                {"image":"a|b, \"c\"\n","exit":2,"confidence":0.98765,"labels":[],"correct":null,"samples":[]}
                {"image":"日本.png","exit":1,"confidence":null,"labels":["x"],"correct":false,"samples":[1,2]}

                """#)
    }

    @Test(arguments: [
        (OutputFormat.table, "a  b\n-  -\n"), (.markdown, "| a | b |\n| :--- | ---: |\n"),
        (.csv, "a,b\n"), (.json, "[]\n"), (.jsonl, ""),
    ])
    func emptyOutputsAreWellFormed(format: OutputFormat, expected: String) throws {
        let columns = [OutputColumn("a"), .number("b")]
        #expect(try written(format, columns, []) == expected)
    }

    /// Widths fit the first two rows; a wider later value shifts only its own row.
    @Test func streamedTablesPrintRowsAsTheyArrive() throws {
        let output = CollectedOutput()
        let columns = [OutputColumn("name"), .number("n")]
        let writer = RecordWriter(
            .table, columns: columns, to: output, table: .streaming(firstRows: 2))
        for (name, number) in [("abcdef", 1), ("b", 200), ("c", 3), ("abcdefgh", 4)] {
            try writer.write([.string(name), .int(number)])
        }
        try writer.finish()
        #expect(
            output.pieces == [
                "", "name      n\n------  ---\nabcdef    1\nb       200\n", "c         3\n",
                "abcdefgh    4\n", "",
            ])
    }

    @Test func streamedTablesOfFewRowsAreWhole() throws {
        let columns = [OutputColumn("name"), .number("n")]
        let text = try written(.table, columns, [["abcdef", 1]], table: .streaming(firstRows: 5))
        #expect(text == "name    n\n------  -\nabcdef  1\n")
    }

    @Test func rowsAreWrittenAtOnce() throws {
        let output = CollectedOutput()
        let writer = RecordWriter(.json, columns: [OutputColumn("a")], to: output)
        try writer.write([1])
        try writer.write([2])
        try writer.finish()
        #expect(output.pieces == ["[\n  {\"a\":1}", ",\n  {\"a\":2}", "\n]\n"])
    }

    @Test func theEndIsWrittenOnce() throws {
        let output = CollectedOutput()
        let writer = RecordWriter(.csv, columns: [OutputColumn("a")], to: output)
        try writer.write([1])
        try writer.finish()
        try writer.finish()
        #expect(output.text == "a\n1\n")
    }
}
