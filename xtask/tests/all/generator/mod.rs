//! The generator: its output for the slice, and its diagnostics for documents that it does not support.

use std::path::Path;

mod other_operations;

use serde_json::{Value, json};
use toml_edit::DocumentMut;
use xtask::codegen::reviewed::{REFRESH, REVIEWED, SLICE, header};
use xtask::codegen::{Diagnostic, Generated, generate};

/// A slice to edit, which stays the same when another release is checked in.
const FIXTURE: &str = "tests/fixtures/annotated-2025.6.4.yaml";

/// The root of the repository.
const ROOT: &str = "..";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fixture after some edits, each of which must apply.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(read(FIXTURE), |text, (from, to)| {
        assert!(text.contains(from), "the fixture does not contain `{from}`");
        text.replacen(from, to, 1)
    })
}

fn generate_edited(edits: &[(&str, &str)]) -> Generated {
    generate("the.yaml", &edited(edits)).unwrap()
}

fn diagnostic(edits: &[(&str, &str)]) -> Diagnostic {
    generate("the.yaml", &edited(edits)).err().expect("the generator accepts the document")
}

fn header_of(slice: &str) -> String {
    header(Path::new(ROOT), slice, &read("openapi/upstream.toml")).unwrap()
}

/// Updates of progenitor and changes to the slice become visible as changes to the reviewed file.
#[test]
fn the_reviewed_file_is_the_generators_output_for_the_slice() {
    let slice = read(SLICE);
    let generated = header_of(&slice) + &generate(SLICE, &slice).unwrap().code();
    assert!(read(REVIEWED) == generated, "run `{REFRESH}`, and review the difference");
}

#[test]
fn a_stale_reviewed_file_is_detected() {
    let slice = read(SLICE);
    let current = header_of(&slice);
    assert!(read(REVIEWED).starts_with(&current));
    assert_ne!(header_of(&slice.replace("title: authentik", "title: Authentik")), current);
    assert_eq!(header_of(&slice.replace('\n', "\r\n")), current, "a checkout may convert line endings");
}

#[test]
fn the_slice_needs_every_fixup_and_describes_everything() {
    let generated = generate(SLICE, &read(SLICE)).unwrap();
    assert_eq!(generated.stale_fixups, Vec::<&str>::new());
    assert_eq!(generated.undescribed, Vec::<String>::new());
}

type Edits<'a> = &'a [(&'a str, &'a str)];

/// Edits that make a document invalid, with a part of the pointer and a part of the problem that are reported.
const INVALID: [(Edits<'static>, &str, &str); 26] = [
    (&[("info:\n", "info: [\n")], "line ", "invalid YAML"),
    (&[("openapi: 3.0.3", "openapi: 3.1.0")], "#/openapi", "OpenAPI `3.1.0` is not supported, only `3.0.x`"),
    (&[("openapi: 3.0.3", "swagger: '2.0'")], "#/openapi", "not an OpenAPI 3 document"),
    (
        &[("$ref: '#/components/schemas/Pagination'", "$ref: '#/components/schemas/Pages'")],
        "#/components/schemas/PaginatedFlowStageBindingList/properties/pagination/$ref",
        "refers to `#/components/schemas/Pages`, which does not exist",
    ),
    (
        &[("$ref: '#/components/schemas/Pagination'", "$ref: 'other.yaml#/Pagination'")],
        "#/components/schemas/PaginatedFlowStageBindingList/properties/pagination/$ref",
        "refers to `other.yaml#/Pagination`, outside the document",
    ),
    (&[("minimum: -2147483648", "minimum: low")], "#/components/schemas", "invalid OpenAPI"),
    (&[("      operationId: flows_bindings_list\n", "")], "#/paths/~1flows~1bindings~1/get", "missing operation ID"),
    (
        &[("- in: query\n        name: stage", "- in: cookie\n        name: stage")],
        "#/paths/~1flows~1bindings~1/get/parameters/12",
        "progenitor cannot",
    ),
    (
        &[("        '400':", "        '202':"), ("total-order: order,pk", "total-order: order,pk")],
        "#/paths/~1flows~1bindings~1/get/responses/",
        "`flows_bindings_list` is not supported: it has several kinds of success responses",
    ),
    (
        &[("- message_continue\n      - message\n", "- message_continue\n      - message-continue\n")],
        "#/components/schemas/DeniedActionEnum/enum/1",
        "`message_continue` and `message-continue` both become the variant `MessageContinue`",
    ),
    (
        &[("- background_url", "- title")],
        "#/components/schemas/FlowSet/properties/background/x-aliases",
        "`title` is a property with a different type",
    ),
    (&[("total-order: order,pk", "totally: order,pk")], "#/paths/~1flows~1bindings~1/get/x-listing", "unknown field `totally`"),
    (
        &[("total-order: order,pk", "total-order: place,pk")],
        "#/paths/~1flows~1bindings~1/get/x-listing",
        "`total-order` contains `place`, which is not in `sort-terms`",
    ),
    (&[("stage__name: stage_obj.name", "stage__name: stage-obj.name")], "/get/x-listing", "unknown property `stage-obj`"),
    (&[("parameter: target", "parameter: tar get")], "/get/x-listing", "`partition` names `tar get`, which is not a parameter"),
    (&[("x-aliases:", "x-alias:")], "#/components/schemas/FlowSet/properties/background/x-alias", "did you mean `x-aliases`?"),
    (
        &[("          x-aliases:\n          - background_url", "          x-aliases: background_url")],
        "/background/x-aliases",
        "not a list of names",
    ),
    (
        &[("x-default-when-absent: ''", "x-default-when-absent: 3")],
        "/meta_model_name/x-default-when-absent",
        "not a value of the property's type",
    ),
    (
        &[("        verbose_name:\n", "        verbose_name:\n          enum: [a]\n          x-default-when-absent: a\n")],
        "#/components/schemas/Stage/properties/verbose_name/x-default-when-absent",
        "has no effect here",
    ),
    (
        &[("          x-default-when-absent: ''\n", "          format: uuid\n          x-default-when-absent: ''\n")],
        "/meta_model_name/x-default-when-absent",
        "not a value of the property's type",
    ),
    (
        &[("operationId: flows_bindings_list", "operationId: 2fa_list")],
        "#/paths/~1flows~1bindings~1/get/operationId",
        "`2fa_list` does not begin with a letter",
    ),
    (
        &[("        name: fsb_uuid", "        name: Evaluate_On_Plan")],
        "#/paths/~1flows~1bindings~1/get/parameters/1",
        "`evaluate_on_plan` and `Evaluate_On_Plan` both become the method of the request `evaluate_on_plan`",
    ),
    (
        &[("        name: fsb_uuid", "        name: send")],
        "#/paths/~1flows~1bindings~1/get/parameters/1",
        "`send` becomes the method of the request `send`, which is reserved",
    ),
    (
        &[("        title:\n", "        Slug:\n")],
        "#/components/schemas/FlowSet/properties/slug",
        "`Slug` and `slug` both become the field `slug`",
    ),
    (
        &[("    FlowLayoutEnum:", "    SelfEnum:"), ("/FlowLayoutEnum'", "/SelfEnum'")],
        "#/components/schemas/SelfEnum",
        "`SelfEnum` becomes the type `Self`, which is reserved",
    ),
    (
        &[("    DeniedActionEnum:", "    Option:"), ("/DeniedActionEnum'", "/Option'")],
        "#/components/schemas/Option",
        "`Option` becomes the type `Option`, which is reserved",
    ),
];

#[test]
fn invalid_documents_are_reported_with_pointer_problem_and_help() {
    for (edits, pointer, problem) in INVALID {
        let diagnostic = diagnostic(edits);
        assert!(diagnostic.pointer.contains(pointer), "{pointer} is not in: {diagnostic}");
        assert!(diagnostic.problem.contains(problem), "{problem} is not in: {diagnostic}");
        let Diagnostic { file, pointer, problem, help } = &diagnostic;
        assert_eq!(diagnostic.to_string(), format!("{file}: {pointer}: {problem}\n  help: {help}"));
        // If there is a pointer, `file` ends with its line and column.
        let place =
            file.strip_prefix("the.yaml").unwrap().split(':').skip(1).filter_map(|number| number.parse().ok()).collect::<Vec<usize>>();
        assert!(place.len() == if pointer.starts_with("#/") { 2 } else { 0 }, "{diagnostic}");
    }
}

#[test]
fn fixups_that_are_not_needed_are_reported() {
    let cases: [(&str, &[(&str, &str)]); 6] = [
        ("signed_links_have_a_type", &[("          x-signed-link: true\n", "")]),
        (
            "responses_are_not_validated",
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
            "releases_differ_in_properties",
            &[("          x-aliases:\n          - background_url\n", ""), ("          x-default-when-absent: ''\n", "")],
        ),
        ("error_responses_are_decoded_by_hand", &[("        '400':\n", "        x-400:\n"), ("        '403':\n", "        x-403:\n")]),
        ("page_counters_are_unsigned", &[("total_pages:\n", "pages:\n"), ("- total_pages\n", "- pages\n")]),
    ];
    for (fixup, edits) in cases {
        assert_eq!(generate_edited(edits).stale_fixups, [fixup]);
    }
}

#[test]
fn missing_descriptions_are_reported_and_do_not_stop_the_build() {
    let generated = generate_edited(&[
        ("          description: Name of the flow, for administrators.\n", ""),
        ("        any: At least one policy must pass.\n", ""),
        ("        description: Only bindings with exactly this position in their flow.\n", ""),
    ]);
    assert_eq!(
        generated.undescribed,
        [
            "#/paths/~1flows~1bindings~1/get/parameters/order",
            "#/components/schemas/FlowSet/properties/name",
            "#/components/schemas/PolicyEngineMode/x-enum-descriptions/any",
        ]
    );
    assert!(generated.code().contains("/// `name`; the specification has no description."));
    assert!(generated.code().contains("/// `any`; the specification has no description."));
}

#[test]
fn properties_that_releases_rename_or_leave_out_are_decoded() {
    let code = generate_edited(&[("          x-default-when-absent: ''\n", "          x-default-when-absent: unheard.of\n")]).code();
    assert!(code.contains("#[serde(try_from = \"FlowSetReceived\")]"), "{code}");
    assert!(code.contains("background_url: Option<crate::SignedLink>,"), "{code}");
    assert!(code.contains("#[serde(default = \"absent::stage_meta_model_name\")]"), "{code}");
    assert!(code.contains("\"unheard.of\".into()"), "{code}");
}

/// Inline enums are open enums, like those in `components`.
#[test]
fn inline_enums_become_separate_open_enums() {
    let code = generate_edited(&[(
        "          description: Name of the flow, for administrators.\n          type: string\n",
        "          description: Name of the flow, for administrators.\n          type: string\n          enum: [one, ٣, self]\n",
    )])
    .code();
    assert!(code.contains("pub name: crate::types::FlowSetName,"), "{code}");
    assert!(code.contains("Value٣ = \"٣\""), "{code}");
}

/// A model that contains a float, however deeply nested, has neither `Eq` nor `Hash`; all others have both.
#[test]
fn models_are_hashable_where_their_fields_are() {
    let code = generate_edited(&[(
        "          description: Name of the flow, for administrators.\n          type: string\n",
        "          description: Name of the flow, for administrators.\n          type: number\n",
    )])
    .code();
    let derives = |model: &str| {
        let before = code.split(&format!("pub struct {model} {{")).next().unwrap();
        before.rsplit("#[derive(").next().unwrap().split(')').next().unwrap().to_owned()
    };
    for model in ["FlowSet", "Stage", "FlowStageBinding", "PaginatedFlowStageBindingList"] {
        assert!(!derives(model).contains("Hash"), "{model}: {}", derives(model));
    }
    for model in ["Pagination", "ValidationError", "GenericError"] {
        assert!(derives(model).contains("Eq, Hash"), "{model}: {}", derives(model));
    }
}

#[test]
fn code_is_generated_from_the_slices_of_other_releases() {
    let slices = std::fs::read_dir("../tests/fixtures/slices").unwrap().map(|slice| slice.unwrap().path());
    let slices = slices.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect::<Vec<_>>();
    assert!(slices.len() >= 12, "{slices:?}");
    for slice in slices {
        let name = slice.display().to_string();
        let code = generate(&name, &std::fs::read_to_string(&slice).unwrap()).map(|generated| generated.code());
        // A slice of an old release may be rejected, but only because it is not valid OpenAPI.
        match code {
            Ok(code) => assert!(code.contains("pub fn paginate(self)"), "{name}"),
            Err(diagnostic) => assert!(diagnostic.problem.contains("OpenAPI"), "{diagnostic}"),
        }
    }
}

#[test]
fn upstream_toml_says_where_the_slice_comes_from() {
    let upstream: DocumentMut = read("openapi/upstream.toml").parse().unwrap();
    let slice: serde_yaml::Value = serde_yaml::from_str(&read(SLICE)).unwrap();
    assert_eq!(upstream["release"].as_str(), slice["info"]["version"].as_str());
    assert_eq!(upstream["operations"].as_array().unwrap().len(), slice["paths"].as_mapping().unwrap().len());
    assert_eq!(upstream["operations"][0].as_str(), slice["paths"]["/flows/bindings/"]["get"]["operationId"].as_str());
    let manifest: DocumentMut = read("Cargo.toml").parse().unwrap();
    let version = manifest["package"]["version"].as_str().unwrap();
    assert!(version.ends_with(&format!("+authentik.{}", upstream["release"].as_str().unwrap())));

    let lock: DocumentMut = read("Cargo.lock").parse().unwrap();
    let progenitor =
        lock["package"].as_array_of_tables().unwrap().iter().find(|package| package["name"].as_str() == Some("progenitor")).unwrap();
    let generator = format!("progenitor {}", progenitor["version"].as_str().unwrap());
    assert_eq!(upstream["generator"].as_str(), Some(generator.as_str()), "write the new generator to upstream.toml");
}

/// progenitor takes exponential time for an `allOf` that refers twice to the next one.
#[test]
fn an_all_of_combines_a_limited_number_of_schemas() {
    let parts = (0..25).map(|level| {
        let next = json!({ "$ref": format!("#/components/schemas/C{}", level + 1) });
        (format!("C{level}"), json!({ "allOf": [next, next, { "type": "object", "properties": { "a": { "type": "string" } } }] }))
    });
    let mut document: Value = serde_yaml::from_str(&read(FIXTURE)).unwrap();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    schemas.extend(parts);
    schemas.insert("C25".into(), json!({ "type": "object", "properties": { "b": { "type": "string" } } }));
    schemas["Stage"]["properties"]["c"] = json!({ "$ref": "#/components/schemas/C0" });
    let error = generate("the.yaml", &document.to_string()).err().unwrap().to_string();
    assert!(error.contains("its `allOf` combines too many schemas\n  help: "), "{error}");
}
