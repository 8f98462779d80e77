//! The generator: what it makes of the slice, and what it says of a document that it cannot use.

use std::path::Path;

#[path = "../codegen/mod.rs"]
#[allow(dead_code)]
mod codegen;

use codegen::{Generated, generate};

const SLICE: &str = "openapi/flows_bindings_list.yaml";
/// A slice for edits, which stays the same when another release is checked in.
const FIXTURE: &str = "tests/fixtures/authentik-2025.6.yaml";

/// The fixture after some edits, each of which must hit.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(std::fs::read_to_string(FIXTURE).unwrap(), |text, (from, to)| {
        assert!(text.contains(from), "the slice has no `{from}`");
        text.replacen(from, to, 1)
    })
}

fn generate_text(text: &str) -> Result<Generated, String> {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    generate(file.path()).map_err(|error| error.to_string().replace(&file.path().display().to_string(), "the.yaml"))
}

fn error_of(edits: &[(&str, &str)]) -> String {
    generate_text(&edited(edits)).map(|_| ()).expect_err("the generator takes what it should refuse")
}

/// A new progenitor, and any change of the slice, shows up here for review: `cargo insta review` takes it.
#[test]
fn generated_code_is_reviewed() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("codegen", include_str!(concat!(env!("OUT_DIR"), "/codegen.rs")));
    });
}

#[test]
fn the_slice_needs_every_fixup_and_describes_everything() {
    let generated = generate(Path::new(SLICE)).unwrap();
    assert_eq!(generated.stale_fixups, Vec::<&str>::new());
    assert_eq!(generated.undescribed, Vec::<String>::new());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = generate(Path::new("openapi/nowhere.yaml")).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("openapi/nowhere.yaml: the whole file: cannot be read:"), "{error}");
    assert!(error.contains("to mend it: restore it"), "{error}");
}

#[test]
fn broken_documents_are_refused_with_place_and_remedy() {
    let cases = [
        (vec![("info:\n", "info: [\n")], "line ", "is no YAML"),
        (vec![("openapi: 3.0.3", "openapi: 3.1.0")], "#/openapi:", "progenitor reads 3.0 only"),
        (vec![("openapi: 3.0.3", "swagger: '2.0'")], "#/openapi:", "this is no OpenAPI 3 document"),
        (
            vec![("$ref: '#/components/schemas/Pagination'", "$ref: '#/components/schemas/Pages'")],
            "#/components/schemas/PaginatedFlowStageBindingList/properties/pagination/$ref:",
            "points at `#/components/schemas/Pages`, which is not in the document",
        ),
        (
            vec![("$ref: '#/components/schemas/Pagination'", "$ref: 'other.yaml#/Pagination'")],
            "#/components/schemas/PaginatedFlowStageBindingList/properties/pagination/$ref:",
            "points outside the document",
        ),
        (vec![("minimum: -2147483648", "minimum: low")], "`components", "is no valid OpenAPI"),
        (vec![("      operationId: flows_bindings_list\n", "")], "#/paths/~1flows~1bindings~1/get:", "missing operation ID"),
        (
            vec![("- in: query\n        name: stage", "- in: cookie\n        name: stage")],
            "#/paths/~1flows~1bindings~1/get/parameters/12:",
            "progenitor cannot",
        ),
        (
            vec![("        '400':", "        '202':"), ("total-order: order,pk", "total-order: order,pk")],
            "#/paths/~1flows~1bindings~1/get/responses/",
            "response_types.len() <= 1",
        ),
        (
            vec![("- message_continue\n      - message\n", "- message_continue\n      - message-continue\n")],
            "#/components/schemas/DeniedActionEnum/enum/1:",
            "becomes the variant `MessageContinue`, which is taken",
        ),
        (vec![("- background_url", "- title")], "#/components/schemas/FlowSet/properties/background/x-aliases:", "names `title`"),
        (vec![("total-order: order,pk", "totally: order,pk")], "#/paths/~1flows~1bindings~1/get/x-listing:", "unknown field `totally`"),
        (
            vec![("total-order: order,pk", "total-order: place,pk")],
            "#/paths/~1flows~1bindings~1/get/x-listing:",
            "`place`, which is no sort term",
        ),
        (vec![("stage__name: stage_obj.name", "stage__name: stage-obj.name")], "/get/x-listing:", "has `stage-obj`, which is no property"),
        (vec![("parameter: target", "parameter: tar get")], "/get/x-listing:", "has `tar get`, which is no parameter"),
        (vec![("x-aliases:", "x-alias:")], "#/components/schemas/FlowSet/properties/background/x-alias:", "`x-aliases` is one"),
        (
            vec![("          x-aliases:\n          - background_url", "          x-aliases: background_url")],
            "/background/x-aliases:",
            "is no list of names",
        ),
        (
            vec![("x-default-when-absent: ''", "x-default-when-absent: 3")],
            "/meta_model_name/x-default-when-absent:",
            "cannot stand for the property",
        ),
    ];
    for (edits, place, problem) in cases {
        let error = error_of(&edits);
        assert!(error.starts_with("the.yaml: "), "{error}");
        assert!(error.contains(place), "{place} is not in: {error}");
        assert!(error.contains(problem), "{problem} is not in: {error}");
        assert!(error.contains("\n  to mend it: "), "{error}");
    }
}

#[test]
fn fixups_that_find_nothing_are_reported() {
    let cases: [(&str, &[(&str, &str)]); 5] = [
        (
            "answers_are_not_validated",
            &[
                ("          maxLength: 50\n          pattern: ^[-a-zA-Z0-9_]+$\n", ""),
                ("          minimum: -2147483648\n          maximum: 2147483647\n", ""),
            ],
        ),
        (
            "filters_share_the_enums_of_rows",
            &[
                (
                    "          type: string\n          enum:\n          - restart\n          - restart_with_context\n          - retry\n",
                    "          type: string\n",
                ),
                ("          type: string\n          enum:\n          - all\n          - any\n", "          type: string\n"),
            ],
        ),
        (
            "moved_properties_are_read",
            &[("          x-aliases:\n          - background_url\n", ""), ("          x-default-when-absent: ''\n", "")],
        ),
        ("error_answers_are_decoded_by_hand", &[("        '400':\n", "        x-400:\n"), ("        '403':\n", "        x-403:\n")]),
        ("page_counters_are_unsigned", &[("total_pages:\n", "pages:\n"), ("- total_pages\n", "- pages\n")]),
    ];
    for (fixup, edits) in cases {
        assert_eq!(generate_text(&edited(edits)).unwrap().stale_fixups, [fixup]);
    }
}

#[test]
fn missing_descriptions_are_reported_and_do_not_stop_the_build() {
    let generated = generate_text(&edited(&[
        ("          description: Name of the flow, for administrators.\n", ""),
        ("        any: One policy that passes is enough.\n", ""),
        ("        description: Keep bindings at exactly this place of their flow.\n", ""),
    ]))
    .unwrap();
    assert_eq!(
        generated.undescribed,
        [
            "#/paths/~1flows~1bindings~1/get/parameters/order",
            "#/components/schemas/FlowSet/properties/name",
            "#/components/schemas/PolicyEngineMode/x-enum-descriptions/any",
        ]
    );
    assert!(generated.code().contains("`name`, which has no description yet."));
    assert!(generated.code().contains("`any`, which has no description yet."));
}

#[test]
fn moved_properties_become_serde_attributes() {
    let generated =
        generate_text(&edited(&[("          x-default-when-absent: ''\n", "          x-default-when-absent: unheard.of\n")])).unwrap();
    assert!(generated.code().contains("#[serde(alias = \"background_url\")]"), "{}", generated.code());
    assert!(generated.code().contains("\"unheard.of\".into()"), "{}", generated.code());
    assert!(generated.code().contains("#[serde(default = \"absent::stage_meta_model_name\")]"), "{}", generated.code());
}

/// An enum in a property is as open as one in `components`.
#[test]
fn inline_enums_become_open_enums_of_their_own() {
    let generated = generate_text(&edited(&[(
        "          description: Name of the flow, for administrators.\n          type: string\n",
        "          description: Name of the flow, for administrators.\n          type: string\n          enum: [one, ٣, self]\n",
    )]))
    .unwrap();
    assert!(generated.code().contains("pub name: crate::types::FlowSetName,"), "{}", generated.code());
    assert!(generated.code().contains("Value٣ = \"٣\""), "{}", generated.code());
}

/// Where they are there: the slices of other releases can be generated too.
#[test]
fn slices_of_other_releases_are_generated() {
    let Ok(slices) = std::fs::read_dir("../shared/corpus/slices") else {
        eprintln!("skipped: ../shared/corpus/slices is not there");
        return;
    };
    let mut seen = 0;
    for slice in slices.flatten() {
        let text = std::fs::read_to_string(slice.path()).unwrap();
        // Before 2022.9 a response refers to a schema, which is no valid OpenAPI.
        if !text.contains("'400':\n          $ref: '#/components/schemas/") {
            generate(&slice.path()).map(|_| ()).unwrap();
            seen += 1;
        }
    }
    assert!(seen >= 9, "only {seen} slices");
}

#[test]
fn upstream_toml_tells_where_the_slice_comes_from() {
    let upstream: toml::Table = std::fs::read_to_string("openapi/upstream.toml").unwrap().parse().unwrap();
    let slice: serde_yaml::Value = serde_yaml::from_str(&std::fs::read_to_string(SLICE).unwrap()).unwrap();
    assert_eq!(upstream["release"].as_str(), slice["info"]["version"].as_str());
    assert_eq!(upstream["operations"].as_array().unwrap().len(), slice["paths"].as_mapping().unwrap().len());
    assert_eq!(upstream["operations"][0].as_str(), slice["paths"]["/flows/bindings/"]["get"]["operationId"].as_str());
    assert!(env!("CARGO_PKG_VERSION").ends_with(&format!("+authentik.{}", upstream["release"].as_str().unwrap())));

    let lock: toml::Table = std::fs::read_to_string("Cargo.lock").unwrap().parse().unwrap();
    let progenitor = lock["package"].as_array().unwrap().iter().find(|package| package["name"].as_str() == Some("progenitor")).unwrap();
    let generator = format!("progenitor {}", progenitor["version"].as_str().unwrap());
    assert_eq!(upstream["generator"].as_str(), Some(generator.as_str()), "run the tests, review the snapshot, then note the new generator");
}
