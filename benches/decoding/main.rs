//! A page of 100 rows, decoded into the generated models and into plain serde structs written by hand.

#[cfg(operation = "flows_bindings_list")]
mod bench;

fn main() {
    #[cfg(operation = "flows_bindings_list")]
    bench::main();
}
