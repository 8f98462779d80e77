//! The program that lists every operation from the fake server.

use std::collections::BTreeMap;
use std::fmt::Write;

use heck::ToSnakeCase;

use super::items::Items;

const PROGRAM: &str = r#"//! Lists every operation from the fake server, and prints what came of it: a line of JSON for each.

use std::collections::BTreeSet;

use LIBRARY::testing::FakeAuthentik;

const ROWS: usize = 1_000;
const PAGE_SIZES: [u64; 3] = [20, 100, 500];

async fn server(id: &str) -> Result<FakeAuthentik, String> {
    FakeAuthentik::builder().generate(id, ROWS).start().await.map_err(|error| error.to_string())
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
    ($id:literal, $method:ident) => {
        async {
            let server = server($id).await?;
            for size in PAGE_SIZES {
                let rows = server.client().$method().paginate().page_size(size).collect().await;
                let rows = rows.map_err(|error| format!("pages of {size} rows: {error}"))?;
                check(&rows, ROWS).map_err(|error| format!("pages of {size} rows: {error}"))?;
            }
            Ok(())
        }
    };
}

#[allow(unused_macros)]
macro_rules! send {
    ($id:literal, $method:ident) => {
        async {
            let page = server($id).await?.client().$method().page_size(100).send().await.map_err(|error| error.to_string())?;
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

/// The text of the program. The line of an operation has its id.
pub fn driver(library: &str, operations: &BTreeMap<String, Items>) -> String {
    let mut program = PROGRAM.replace("LIBRARY", library);
    for (id, items) in operations {
        let how = if items.paginates(id) { "paginate" } else { "send" };
        let _ = writeln!(program, "    report({id:?}, runtime.block_on({how}!({id:?}, {})));", id.to_snake_case());
    }
    program + "}\n"
}
