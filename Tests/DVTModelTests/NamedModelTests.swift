import DVTModel
import Testing

@Suite struct NamedModelTests {
    /// The authors' names of the DVT and T2T-ViT repositories, and any case.
    @Test(arguments: [
        ("DVT_T2t_vit_12", "dvt-t2t-vit-12"), ("DVT_T2t_vit_14", "dvt-t2t-vit-14"),
        ("DVT_Deit_small", "dvt-deit-small"), ("T2t_vit_14", "t2t-vit-14"),
        ("dvt_t2t_vit_12", "dvt-t2t-vit-12"), ("DVT-DeiT-Small", "dvt-deit-small"),
        ("deit_small", "deit-small"), ("dvt-deit-small", "dvt-deit-small"),
        ("ViT_Base_Patch16_224", "vit_base_patch16_224"),
    ])
    func spellingsAreAccepted(name: String, expected: String) throws {
        let card = try ModelCard.named(name)
        #expect(card == (try .named(expected)))
        #expect(card.configuration.name == expected)
    }

    @Test(arguments: [
        ("DVT_T2t_vit_13", "did you mean dvt-t2t-vit-12 or dvt-t2t-vit-14?"),
        ("dvt-diet-small", "did you mean dvt-deit-small?"),
        (
            "vit_base_patch16_244",
            "did you mean vit_base_patch16_224, vit_base_patch16_384 or vit_base_patch32_224?"
        ),
    ])
    func theNearestNamesAreShown(name: String, question: String) throws {
        let error = #expect(throws: ModelError.self) { try CascadeConfiguration.named(name) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("no model is called \"\(name)\"; \(question) there are "), "\(text)")
    }

    @Test func otherNamesHaveNoQuestion() throws {
        let error = #expect(throws: ModelError.self) {
            try CascadeConfiguration.named("nonesuch\n")
        }
        #expect(
            error?.description.hasPrefix("no model is called \"nonesuch\\n\"; there are ") == true)
    }
}
