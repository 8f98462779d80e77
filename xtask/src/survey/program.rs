//! The program that lists every operation from the fake server.

use std::collections::BTreeMap;
use std::fmt::Write;

use heck::ToSnakeCase;

use super::items::Items;
use crate::codegen::names::field_name;

const PROGRAM: &str = r#"//! Lists every operation from the fake server, and prints the outcome of each as a line of JSON.

use std::collections::BTreeSet;

use LIBRARY::testing::{FakeAuthentik, Release};

const ROWS: usize = 1_000;
const PAGE_SIZES: [u64; 3] = [20, 100, 500];

/// The filters of required parameters keep every row.
async fn server(id: &str, required: &[&str]) -> Result<FakeAuthentik, String> {
    let server = FakeAuthentik::builder().release(Release::RELEASE).generate(id, ROWS);
    let server = required.iter().fold(server, |server, name| server.filter(id, name, |_, _| true));
    server.start().await.map_err(|error| error.to_string())
}

fn check(rows: &[impl serde::Serialize], expected: usize) -> Result<(), String> {
    let distinct = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default()).collect::<BTreeSet<_>>().len();
    if (rows.len(), distinct) == (expected, expected) { Ok(()) } else { Err(format!("{} rows, {distinct} of them distinct", rows.len())) }
}

fn report(id: &str, outcome: Result<(), String>) {
    println!("{}", serde_json::json!([id, outcome.err()]));
}

#[allow(unused_macros)]
macro_rules! paginate {
    ($id:literal, $method:ident $(, $name:literal: $set:ident($value:literal))*) => {
        async {
            let server = server($id, &[$($name),*]).await?;
            for size in PAGE_SIZES {
                let rows = server.client().$method()$(.$set($value))*.paginate().page_size(size).collect().await;
                let rows = rows.map_err(|error| format!("pages of {size} rows: {error}"))?;
                check(&rows, ROWS).map_err(|error| format!("pages of {size} rows: {error}"))?;
            }
            Ok(())
        }
    };
}

#[allow(unused_macros)]
macro_rules! send {
    ($id:literal, $method:ident $(, $name:literal: $set:ident($value:literal))*) => {
        async {
            let page = server($id, &[$($name),*]).await?.client().$method()$(.$set($value))*.page_size(100).send().await.map_err(|error| error.to_string())?;
            if page.results.len() == 100 { Ok(()) } else { Err(format!("a page of {} rows", page.results.len())) }
        }
    };
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return eprintln!("no runtime: {error}"),
    };
"#;

/// The program for a document of this release. The line of an operation contains its id.
pub fn program(library: &str, release: &str, operations: &BTreeMap<String, Items>) -> String {
    let mut program = PROGRAM.replace("LIBRARY", library).replace("RELEASE", behaves_as(release));
    for (id, items) in operations {
        let how = if items.paginates(id) { "paginate" } else { "send" };
        let mut arguments = format!("{id:?}, {}", id.to_snake_case());
        for (name, value) in &items.required {
            let _ = write!(arguments, ", {name:?}: {}({value})", field_name(name));
        }
        let _ = writeln!(program, "    report({id:?}, runtime.block_on({how}!({arguments})));");
    }
    program + "}\n"
}

/// The release of the fake server that has the pagination of this one, and breaks ties between rows only if this one does.
fn behaves_as(release: &str) -> &'static str {
    let mut numbers = release.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    match (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) {
        (..2024, _) | (2024, ..4) => "V2024_2",
        (2024, _) | (2025, ..10) => "V2025_6",
        (2025, ..12) => "V2025_10",
        (2025, _) | (2026, ..8) => "V2025_12",
        _ => "V2026_8",
    }
}
