//! Lists the stages of every flow of an authentik server, flow by flow.
//!
//! With `AUTHENTIK_URL` and `AUTHENTIK_TOKEN` it lists that server, otherwise a fake one with 1,240 bindings. `--format html` writes a page
//! with a diagram of each flow:
//!
//! ```console
//! $ cargo run --example list_bindings -- --format html > flows.html
//! ```

#[cfg(operation = "flows_bindings_list")]
mod list;

#[cfg(operation = "flows_bindings_list")]
fn main() -> std::process::ExitCode {
    list::main()
}

/// Without the operation `flows_bindings_list`, there is nothing to list.
#[cfg(not(operation = "flows_bindings_list"))]
fn main() {}
