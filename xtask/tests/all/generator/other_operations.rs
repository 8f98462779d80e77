//! Operations other than `flows_bindings_list`: keys, names, dates, descriptions, and unsupported constructs.

use xtask::codegen::{Diagnostic, Generated, generate};

/// A list of things at `/things/`, with these properties, additional components, and additional lines of the operation.
fn list(properties: &str, components: &str, operation: &str) -> String {
    format!(
        "openapi: 3.0.3
info: {{ title: authentik, version: 2025.6.4, description: Things. }}
paths:
  /things/:
    get:
      operationId: things_list
      {operation}
      parameters:
      - {{ name: page, in: query, schema: {{ type: integer }} }}
      - {{ name: page_size, in: query, schema: {{ type: integer }} }}
      - {{ name: ordering, in: query, schema: {{ type: string }} }}
      - {{ name: kinds, in: query, schema: {{ type: array, items: {{ type: string, enum: [b, a] }} }} }}
      - {{ name: states, in: query, schema: {{ type: array, items: {{ type: string, enum: [on, off] }} }} }}
      - {{ name: since, in: query, schema: {{ type: string, format: date-time }} }}
      responses:
        '200':
          description: A page.
          content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/ThingList' }} }} }}
components:
  schemas:
    ThingList:
      type: object
      required: [pagination, results]
      properties:
        pagination: {{ $ref: '#/components/schemas/Pagination' }}
        results: {{ type: array, items: {{ $ref: '#/components/schemas/Thing' }} }}
    Pagination:
      type: object
      required: [count, next]
      properties: {{ count: {{ type: number }}, next: {{ type: number }}, total_pages: {{ type: number }} }}
    Thing:
      type: object
      required: [name]
      properties:
        name: {{ type: string }}
        {properties}
    KindEnum: {{ type: string, enum: [a, b] }}
    {components}
"
    )
}

fn generated(document: &str) -> Generated {
    generate("the.yaml", document).unwrap_or_else(|diagnostic| panic!("{diagnostic}"))
}

fn diagnostic(document: &str) -> Diagnostic {
    generate("the.yaml", document).err().expect("the generator accepts the document")
}

/// The `key` of the descriptor, without whitespace.
fn key(document: &str) -> String {
    let code = generated(document).code().split_whitespace().collect::<String>();
    code.split("key:&[").nth(1).unwrap_or_default().split("],sort_terms").next().unwrap_or_default().trim_end_matches(',').to_owned()
}

#[test]
fn the_key_of_a_row_is_found_by_its_name() {
    let term = |name: &str| format!("SortTerm{{name:\"{name}\",property:\"{name}\",value:|item|(&item.{name}).into(),}}");
    let cases = [
        ("id: { type: integer }\n        pk: { type: string, format: uuid }", "pk"),
        ("id: { type: integer }\n        brand_uuid: { type: string, format: uuid }", "id"),
        ("uuid: { type: string, format: uuid }", "uuid"),
        ("aaguid: { type: string, format: uuid }", "aaguid"),
        ("brand_uuid: { type: string, format: uuid }", "brand_uuid"),
        ("role_pk: { type: string }", "role_pk"),
        ("pk: { type: string, nullable: true }", "pk"),
    ];
    for (properties, name) in cases {
        assert_eq!(key(&list(properties, "", "")), term(name), "{properties}");
    }
}

#[test]
fn a_key_is_declared_with_one_or_several_terms_that_may_have_other_names() {
    let properties = "type: { type: string }\n        number: { type: integer }";
    let declared = "x-listing: { key: [kind, number], sort-terms: { kind: type } }";
    assert_eq!(
        key(&list(properties, "", declared)),
        "SortTerm{name:\"kind\",property:\"type\",value:|item|(&item.type_).into(),},\
         SortTerm{name:\"number\",property:\"number\",value:|item|(&item.number).into(),}"
    );
    assert!(key(&list(properties, "", "x-listing: { key: number }")).starts_with("SortTerm{name:\"number\""));
    let wrong = diagnostic(&list("flag: { type: boolean }", "", "x-listing: { key: flag }"));
    assert_eq!(wrong.pointer, "#/paths/~1things~1/get/x-listing");
    assert!(wrong.problem.contains("`flag` is not a UUID, integer or text"), "{wrong}");
}

#[test]
fn rows_without_a_key_are_not_paginated_and_the_notes_say_why() {
    let generated = generated(&list("flag: { type: boolean }", "", ""));
    assert_eq!(generated.without_key, ["#/paths/~1things~1/get"]);
    assert!(generated.notes()[0].contains("nothing identifies its rows"), "{:?}", generated.notes());
    let code = generated.code();
    assert!(code.contains("pub fn send(") && !code.contains("fn paginate(self)"), "{code}");
}

#[test]
fn names_never_clash_and_components_with_acronyms_are_found() {
    let generated = generated(&list(
        "pk: { type: integer }
        kind: { $ref: '#/components/schemas/KindEnum' }
        mode: { $ref: '#/components/schemas/LDAPAPIAccessMode' }
        provider: { $ref: '#/components/schemas/Provider' }
        provider_kind: { $ref: '#/components/schemas/ProviderEnum' }
        type: { type: string, enum: [x, y] }",
        "LDAPAPIAccessMode: { type: string, enum: [direct, cached] }
    ProviderEnum: { type: string, enum: [oauth, saml] }
    Provider: { type: object, properties: { name: { type: string } } }
    ThingType: { type: object, properties: { name: { type: string } } }",
        "",
    ));
    assert_eq!(generated.renamed, [("#/components/schemas/ProviderEnum".to_owned(), "ProviderEnum".to_owned())]);
    let code = generated.code();
    for expected in [
        "pub mode: Option<crate::types::LdapapiAccessMode>",
        "pub provider: Option<Provider>",
        "pub provider_kind: Option<crate::types::ProviderEnum>",
        // `ThingType` is a model, so the name of the enum of the property `type` has a number.
        "pub type_: Option<crate::types::ThingType2>",
        // A filter by a list of values uses the enum of the rows if the values are the same, and otherwise has its own enum.
        "Option<Vec<crate::types::Kind>>",
        "Option<Vec<crate::types::ThingsListStatesItem>>",
    ] {
        assert!(code.contains(expected), "{expected}: {code}");
    }
}

#[test]
fn variants_of_unions_are_documented_and_their_enums_are_open() {
    let union = "pk: { type: integer }
        value: { oneOf: [{ type: string, enum: [low, high] }, { type: integer }] }";
    let code = generated(&list(union, "", "")).code();
    assert!(code.contains("/// A value of `ThingValuePart0`."), "{code}");
    assert!(code.contains("pub enum ThingValuePart0"), "{code}");
}

#[test]
fn dates_keep_their_text() {
    let code = generated(&list(
        "pk: { type: integer }
        made: { type: string, format: date-time, nullable: true }
        day: { type: string, format: date }",
        "",
        "",
    ))
    .code();
    assert!(code.contains("pub made: Option<crate::DateTime>") && code.contains("pub day: Option<crate::DateTime>"), "{code}");
    assert!(code.contains("since: Result<Option<crate::DateTime>, String>"), "{code}");
    assert!(!code.contains("chrono"), "{code}");
}

#[test]
fn fixups_of_other_operations_are_not_stale() {
    assert_eq!(generated(&list("pk: { type: integer }", "", "")).stale_fixups, Vec::<&str>::new());
}

#[test]
fn missing_descriptions_are_counted_in_descending_order() {
    let generated = generated(&list("pk: { type: integer }", "", ""));
    let counts = generated.undescribed_counts();
    // The operation, its six parameters, and an enum of its own with two values.
    assert_eq!(counts[0], ("#/paths/~1things~1/get".to_owned(), 10), "{counts:?}");
    assert!(counts.is_sorted_by(|(_, more), (_, fewer)| more >= fewer), "{counts:?}");
    assert!(counts.contains(&("#/components/schemas/Thing".to_owned(), 3)), "{counts:?}");
    assert!(generated.notes().contains(&"#/components/schemas/Thing: 3 descriptions are missing".to_owned()));
}

/// One operation at `/things/` that is not a list operation.
fn operation(method: &str, lines: &str) -> String {
    let head = "openapi: 3.0.3\ninfo: { title: authentik, version: 2025.6.4 }\npaths:\n  /things/:\n";
    format!("{head}    {method}:\n      operationId: things_do\n      {lines}\n")
}

#[test]
fn operations_that_are_not_lists_are_sent() {
    let body = "requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } }, multipart/form-data: {} } }
      responses: { '201': { description: Made., content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } } }
components: { schemas: { Thing: { type: object, properties: { name: { type: string } } } } }";
    let code = generated(&operation("post", body)).code().split_whitespace().collect::<String>();
    assert!(code.contains("Output=Result<crate::ResponseValue<types::Thing>,crate::Error"), "{code}");
    assert!(!code.contains("fnpaginate"), "{code}");

    // A response without content is not decoded.
    let code = generated(&operation("delete", "responses: { '204': { description: Gone. } }")).code();
    let code = code.split_whitespace().collect::<String>();
    assert!(code.contains("crate::transport::send(&client,self.into_request(),|_|Ok(())).await"), "{code}");
}

#[test]
fn missing_values_are_reported_with_their_operation_and_help() {
    let body = "parameters: [{ in: query, name: kind, required: true, schema: { type: string } }]
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/ThingRequest' } } } }
      responses: { '204': { description: Done. } }
components: { schemas: { ThingRequest: { type: object, required: [name], properties: { name: { type: string } } } } }";
    let code = generated(&operation("post", body)).code();
    assert!(code.contains("`things_do` needs `kind`: call `.kind(…)` before it is sent"), "{code}");
    assert!(code.contains("`name` of `ThingRequest` is not set"), "{code}");
    assert!(!code.contains("not initialized") && !code.contains("no value supplied"), "{code}");
}

#[test]
fn a_body_with_read_only_properties_is_noted() {
    let document = |body: &str| {
        let thing = "type: object, required: [pk], properties: { pk: { type: integer, readOnly: true }, name: { type: string } }";
        let request = "type: object, properties: { name: { type: string } }";
        let lines = format!(
            "requestBody: {{ content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/{body}' }} }} }} }}
      responses: {{ '201': {{ description: Made., content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Thing' }} }} }} }} }}
components: {{ schemas: {{ Thing: {{ {thing} }}, ThingRequest: {{ {request} }} }} }}"
        );
        generated(&operation("post", &lines)).notes()
    };
    let is_noted = |notes: &[String]| {
        notes.iter().any(|note| note.starts_with("#/components/schemas/Thing: sent as a request body with the read-only properties `pk`,"))
    };
    let (shared, own) = (document("Thing"), document("ThingRequest"));
    assert!(is_noted(&shared) && !is_noted(&own), "{shared:?} {own:?}");
}

#[test]
fn files_streams_and_several_success_responses_are_rejected_with_pointer_and_problem() {
    let cases = [
        (
            "requestBody: { content: { multipart/form-data: { schema: { type: object } } } }\n      responses: { '204': { description: Done. } }",
            "/requestBody/content/multipart~1form-data",
            "uploads files",
        ),
        (
            "requestBody: { content: { application/json: { schema: { type: object, properties: { file: { type: string, format: binary } } } } } }
      responses: { '204': { description: Done. } }",
            "/requestBody/content/application~1json",
            "uploads files",
        ),
        (
            "responses: { '200': { description: A file., content: { application/octet-stream: { schema: { type: string, format: binary } } } } }",
            "/responses/200/content/application~1octet-stream",
            "its response is not JSON",
        ),
        (
            "responses: { '200': { description: A page., content: { text/event-stream: {} } } }",
            "/responses/200/content/text~1event-stream",
            "its response is not JSON",
        ),
        (
            "responses: { '200': { description: Done., content: { application/json: { schema: { type: string } } } }, '204': { description: Gone. } }",
            "/responses/204",
            "several kinds of success",
        ),
    ];
    for (lines, pointer, problem) in cases {
        let diagnostic = diagnostic(&operation("post", lines));
        assert_eq!(diagnostic.pointer, format!("#/paths/~1things~1/post{pointer}"));
        assert!(diagnostic.problem.starts_with("`things_do` is not supported: ") && diagnostic.problem.contains(problem), "{diagnostic}");
        assert!(diagnostic.help.contains("openapi/upstream.toml"), "{diagnostic}");
    }
}
